// The rows of the board: thousands of stocks through as many elements as are in view, written once per animation frame.

import {BoardRow} from "#js/market/board/row.js";
import {filtered, sorted} from "#js/market/board/order.js";

const BEYOND = 6; // rows above and below the view
const SORT_EVERY_MS = 1_000; // rows that change places all the time cannot be read

export class BoardTable {
  #view;
  #body;
  #book;
  #columns = [];
  #rowHeight = 0;
  #rows = [];
  #symbols = [];
  #order = [];
  #sort = null;
  #filter = "";
  #active = null;
  #timer = 0;
  #stops;
  #onCount;

  /** `view` scrolls, `body` within it gets the rows; `onCount(n)` hears how many there are. */
  constructor({view, body, book, onCount}) {
    this.#view = view;
    this.#body = body;
    this.#book = book;
    this.#onCount = onCount;
    const drawn = () => this.#draw();
    view.addEventListener("scroll", drawn, {passive: true});
    const observer = new ResizeObserver(drawn);
    observer.observe(view);
    this.#stops = [
      book.onFrame((moves) => this.#changed(moves)),
      () => view.removeEventListener("scroll", drawn),
      () => observer.disconnect(),
    ];
  }

  stop() {
    clearTimeout(this.#timer);
    this.#stops.forEach((stop) => stop());
  }

  /** Have these columns in rows of this height; what was drawn with others goes. */
  setLayout(columns, rowHeight) {
    this.#columns = columns;
    this.#rowHeight = rowHeight;
    this.#rows.forEach(({element}) => element.remove());
    this.#rows = [];
    this.#arrange();
  }

  setSymbols(symbols) {
    this.#symbols = symbols;
    this.#arrange();
  }

  /** `sort` is `{column, direction}`, or null for the listing's own order. */
  setOrder(sort, filter) {
    this.#sort = sort;
    this.#filter = filter;
    this.#arrange();
  }

  get active() {
    return this.#active;
  }

  /** Move the mark by so many rows, `Infinity` to the end; returns the id of its row. */
  step(by) {
    const last = this.#order.length - 1;
    if (last < 0) {
      return;
    }
    const at = this.#order.indexOf(this.#active);
    this.activate(this.#order[Math.max(0, Math.min(last, at < 0 ? (by > 0 ? 0 : last) : at + by))]);
  }

  activate(symbol) {
    this.#active = symbol;
    const index = this.#order.indexOf(symbol);
    if (index >= 0) {
      this.#bringIntoView(index);
    }
    this.#draw();
    this.#view.setAttribute("aria-activedescendant", this.#rowOf(index)?.element.id ?? "");
  }

  /** How many rows are in view at once. */
  get page() {
    return Math.max(1, Math.floor(this.#view.clientHeight / this.#rowHeight) - 1);
  }

  #bringIntoView(index) {
    const top = index * this.#rowHeight;
    const room = this.#view.clientHeight - this.#body.offsetTop;
    if (top < this.#view.scrollTop) {
      this.#view.scrollTop = top;
    } else if (top + this.#rowHeight > this.#view.scrollTop + room) {
      this.#view.scrollTop = top + this.#rowHeight - room;
    }
  }

  #arrange() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const quoteOf = (symbol) => this.#book.get(symbol);
    const column = this.#columns.find(({name}) => name === this.#sort?.column);
    const chosen = filtered(this.#symbols, quoteOf, this.#filter);
    this.#order = column ? sorted(chosen, quoteOf, column, this.#sort.direction) : chosen;
    this.#body.style.height = `${this.#order.length * this.#rowHeight}px`;
    this.#onCount(this.#order.length);
    this.#draw();
  }

  #changed(moves) {
    if (this.#sort && !this.#timer) {
      this.#timer = setTimeout(() => this.#arrange(), SORT_EVERY_MS);
    }
    this.#draw(moves);
  }

  #draw(moves) {
    if (!this.#rowHeight) {
      return;
    }
    const {scrollTop, clientHeight} = this.#view;
    const first = Math.max(0, Math.floor(scrollTop / this.#rowHeight) - BEYOND);
    const last = Math.min(this.#order.length, Math.ceil((scrollTop + clientHeight) / this.#rowHeight) + BEYOND);
    this.#have(last - first);
    const used = new Set();
    for (let index = first; index < last; index++) {
      const row = this.#rowOf(index);
      used.add(row);
      const symbol = this.#order[index];
      row.show(index, symbol, this.#book.get(symbol), {
        top: index * this.#rowHeight,
        isActive: symbol === this.#active,
        move: moves?.get(symbol),
      });
    }
    this.#rows.forEach((row) => used.has(row) || row.hide());
  }

  #rowOf(index) {
    return this.#rows[index % this.#rows.length];
  }

  #have(count) {
    while (this.#rows.length < count) {
      const row = new BoardRow(this.#columns, `board-row-${this.#rows.length}`);
      this.#rows.push(row);
      this.#body.append(row.element);
    }
  }
}
