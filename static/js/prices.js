// The price board: every share of the three markets, and the headline indices, live.

import {byId, create, reconcile, setText} from "./dom.js";
import {language, onLanguage, t} from "./texts.js";

const INDICES = ["000001.SH", "399001.SZ", "399006.SZ"];
const MARKET = {subscription_type: "market", target: "ALL"};
const FLASH_MS = 900;

export class PricesPane {
  #live;
  #board = new Map();
  #indices = new Map();
  #updatedAt = null;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(live) {
    this.#live = live;
    live.on("price_update", (update) => this.#take(update));
    live.addEventListener("state", () => this.#renderNote());
    onLanguage(() => this.render());
  }

  /** Subscribe on a new connection; each answer holds the present quotes. */
  async subscribe() {
    const indices = INDICES.map((target) => ({subscription_type: "stock", target}));
    const answers = await Promise.all([MARKET, ...indices].map((target) => this.#live.ask("subscribe_prices", target)));
    answers.forEach((answer) => this.#take(answer));
  }

  clear() {
    this.#board.clear();
    this.#indices.clear();
    this.#updatedAt = null;
    this.render();
  }

  #take({subscription_type: type, data, timestamp}) {
    const quotes = type === "stock" ? this.#indices : this.#board;
    for (const quote of data) {
      quotes.set(quote.symbol, quote);
    }
    this.#updatedAt = new Date(timestamp);
    this.render();
  }

  render() {
    const indices = INDICES.map((symbol) => this.#indices.get(symbol)).filter(Boolean);
    reconcile(byId("indices"), indices, ({symbol}) => symbol, makeIndex, (item, quote) => this.#updateIndex(item, quote));
    reconcile(byId("quotes"), [...this.#board.values()], ({symbol}) => symbol, makeRow, (row, quote) => this.#updateRow(row, quote));
    this.#renderNote();
  }

  #renderNote() {
    const isLive = this.#live.state === "live";
    byId("prices").classList.toggle("stale", !isLive && this.#updatedAt !== null);
    const time = this.#updatedAt?.toLocaleTimeString(language);
    setText(byId("prices-note"), time ? t(isLive ? "page.updated_at" : "page.stale_since", {time}) : "");
  }

  #updateIndex(item, quote) {
    const [name, price, percent] = item.children;
    setTone(item, quote);
    setText(name, quote.name);
    this.#showPrice(price, quote);
    setText(percent, `${arrow(quote)} ${signed(quote.change_percent)}%`);
  }

  #updateRow(row, quote) {
    const [stock, price, percent, change, volume] = row.children;
    setTone(row, quote);
    setText(stock.firstElementChild, quote.name);
    setText(stock.lastElementChild, quote.symbol);
    this.#showPrice(price, quote);
    setText(percent, `${arrow(quote)} ${signed(quote.change_percent)}%`);
    setText(change, signed(quote.change));
    setText(volume, compact(quote.volume));
  }

  #showPrice(element, quote) {
    const before = Number(element.dataset.price);
    setText(element, decimal(quote.price));
    element.dataset.price = quote.price;
    if (before && before !== quote.price && !this.#calm.matches) {
      const colour = `var(--${quote.price > before ? "up" : "down"}-flash)`;
      element.animate({backgroundColor: [colour, "transparent"]}, {duration: FLASH_MS, easing: "ease-out"});
    }
  }
}

function makeIndex() {
  return create("li", {}, create("span", {className: "name"}), create("strong"), create("span", {className: "percent"}));
}

function makeRow(quote) {
  const stock = create("th", {scope: "row"}, create("span", {className: "name"}), create("small"));
  const cells = ["number price", "number percent", "number wide", "number wide"].map((className) => create("td", {className}));
  return create("tr", {data: {symbol: quote.symbol}}, stock, ...cells);
}

function setTone(element, {change}) {
  element.dataset.tone = change > 0 ? "up" : change < 0 ? "down" : "flat";
}

const arrow = ({change}) => (change > 0 ? "▲" : change < 0 ? "▼" : "–");

const formats = new Map();

function format(number, options) {
  const key = language + JSON.stringify(options);
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat(language, options));
  }
  return formats.get(key).format(number);
}

const decimal = (number) => format(number, {minimumFractionDigits: 2, maximumFractionDigits: 2});
const signed = (number) => format(number, {minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero"});
const compact = (number) => format(number, {notation: "compact", maximumFractionDigits: 1});
