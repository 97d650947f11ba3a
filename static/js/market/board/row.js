// One row of the board. It is made once and shows one stock after the other; what did not change is not touched.

import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {tagOf, trendOf} from "#js/market/models/book.js";

const FLASH_MS = 900;

export class BoardRow {
  symbol = null;
  #index = -1;
  #cells = [];
  #shown = [];
  #tag = undefined;
  #isActive = undefined;

  constructor(columns, id) {
    this.columns = columns;
    this.element = make("div", "board-row", "row");
    this.element.id = id;
    for (const column of columns) {
      const cell = make("div", column.isText ? "board-cell" : "board-cell number", "gridcell");
      cell.dataset.column = column.name;
      cell.classList.toggle("trend", Boolean(column.isTrend));
      this.#cells.push(column.name === "name" ? this.#makeName(cell) : cell.appendChild(document.createTextNode("")));
      this.element.append(cell);
    }
  }

  /** The name is a link, so that a stock opens in a tab of its own too; under it the code, where that has no column. */
  #makeName(cell) {
    this.link = document.createElement("a");
    this.link.tabIndex = -1;
    this.link.className = "board-name";
    this.code = make("span", "board-code");
    this.tag = make("span", "pill board-tag");
    cell.append(this.link, this.code, this.tag);
    return this.link.appendChild(document.createTextNode(""));
  }

  hide() {
    this.element.hidden = true;
    this.#index = -1;
  }

  /** Show a stock in a place; `move` is 1 or -1 when its price has just gone up or down. */
  show(index, symbol, quote, {top, isActive, move = 0}) {
    if (this.#index !== index) {
      this.#index = index;
      this.element.hidden = false;
      this.element.style.transform = `translateY(${top}px)`;
      this.element.setAttribute("aria-rowindex", index + 2); // the head is the first
    }
    if (this.symbol !== symbol) {
      this.#name(symbol);
    }
    if (this.#isActive !== isActive) {
      this.#isActive = isActive;
      this.element.setAttribute("aria-selected", isActive);
    }
    this.#fill(quote ?? {symbol, code: symbol.slice(0, 6), name: symbol});
    if (move) {
      this.#flash(move);
    }
  }

  #name(symbol) {
    this.symbol = symbol;
    this.element.dataset.symbol = symbol;
    this.link.href = linkTo("market", symbol);
    this.code.textContent = symbol.slice(0, 6);
    this.#shown = [];
    this.element.getAnimations({subtree: true}).forEach((animation) => animation.cancel());
  }

  #fill(quote) {
    this.columns.forEach((column, place) => {
      const value = column.value(quote);
      if (this.#shown[place] !== value || !(place in this.#shown)) {
        this.#shown[place] = value;
        this.#cells[place].data = column.write ? column.write(value, quote) : value;
      }
    });
    this.element.dataset.trend = quote.suspended ? "flat" : trendOf(quote.change);
    this.#mark(quote);
  }

  #mark(quote) {
    const tag = tagOf(quote);
    this.element.classList.toggle("stale", Boolean(quote.stale));
    if (this.#tag !== tag) {
      this.#tag = tag;
      this.tag.hidden = !tag;
      this.tag.dataset.tag = tag ?? "";
      this.tag.textContent = tag ? t(`market.tag_${tag}`) : "";
    }
  }

  #flash(move) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      return;
    }
    const colour = `var(--${move > 0 ? "up" : "down"}-flash-solid)`;
    const place = this.columns.findIndex(({name}) => name === "price");
    this.element.children[place].animate([{backgroundColor: colour}, {backgroundColor: "transparent"}], {
      duration: FLASH_MS,
      easing: "ease-out",
    });
  }
}

function make(tag, className, role) {
  const element = document.createElement(tag);
  element.className = className;
  if (role) {
    element.setAttribute("role", role);
  }
  return element;
}
