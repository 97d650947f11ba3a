// The newest quotes by symbol. What has changed is told once per animation frame, however much it was.

import {signal} from "@preact/signals";

/** What a quote has beside what a `price_update` brings; only `GET /market/quotes` tells it. */
const WHOLE = ["open", "high", "low", "amount", "limit_up", "limit_down", "suspended", "stale"];

export class Book {
  #quotes = new Map();
  #moves = new Map();
  #listeners = new Set();
  #signals = new Map();
  #nextFrame;
  #isDue = false;

  constructor(nextFrame = (run) => requestAnimationFrame(run)) {
    this.#nextFrame = nextFrame;
  }

  get size() {
    return this.#quotes.size;
  }

  /** The newest quote of a symbol, in the API's words, or undefined. Quotes are replaced, never changed. */
  get(symbol) {
    return this.#quotes.get(symbol);
  }

  /** A signal of the quote of a symbol, for components that show a few. */
  of(symbol) {
    if (!this.#signals.has(symbol)) {
      this.#signals.set(symbol, signal(this.get(symbol)));
    }
    return this.#signals.get(symbol);
  }

  /** Hear in each frame what has changed, a map of symbol → 1, 0, -1: where the price went. Returns what ends it. */
  onFrame(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Take quotes, whole ones or those of a `price_update`; older ones are left out. Tells whether all are whole now. */
  take(rows) {
    let isWhole = true;
    for (const row of rows) {
      const old = this.#quotes.get(row.symbol);
      const quote = merge(old, row);
      isWhole &&= quote.open !== undefined;
      if (quote !== old) {
        this.#quotes.set(row.symbol, quote);
        this.#moves.set(row.symbol, old ? Math.sign(quote.price - old.price) || (this.#moves.get(row.symbol) ?? 0) : 0);
      }
    }
    if (this.#moves.size && !this.#isDue) {
      this.#isDue = true;
      this.#nextFrame(() => this.#tell());
    }
    return isWhole;
  }

  #tell() {
    const moves = this.#moves;
    this.#moves = new Map();
    this.#isDue = false;
    this.#listeners.forEach((listener) => listener(moves));
    for (const symbol of moves.keys()) {
      const known = this.#signals.get(symbol);
      if (known) {
        known.value = this.get(symbol);
      }
    }
  }
}

function merge(old, row) {
  if (old && row.timestamp < old.timestamp) {
    return completed(old, row); // both are Shanghai's time in one format: as texts they are in order
  }
  if (row.previous_close !== undefined) {
    return row;
  }
  const previousClose = Math.round((row.price - row.change) * 1000) / 1000;
  if (old?.open === undefined || old.previous_close !== previousClose) {
    return {...row, previous_close: previousClose}; // of another day, nothing else holds any more
  }
  return {...row, previous_close: previousClose, ...carried(old, row)};
}

/** A whole quote that was overtaken by a push still tells what the push did not. */
function completed(old, row) {
  const isWanted = old.open === undefined && row.open !== undefined && row.previous_close === old.previous_close;
  return isWanted ? {...old, ...carried(row, old)} : old;
}

/** What is known of the day so far, led on by a new price; the next whole quote brings the exchange's own figures. */
function carried(old, {price, volume}) {
  const rest = {};
  for (const name of WHOLE) {
    rest[name] = old[name];
  }
  rest.open ||= price;
  rest.high = Math.max(old.high || price, price);
  rest.low = Math.min(old.low || price, price);
  rest.amount = old.amount + Math.max(0, volume - old.volume) * price;
  rest.suspended = old.suspended && volume === old.volume;
  return rest;
}

/** Tell whether a price is at its limit of the day: "up", "down" or null. */
export function limitOf({price, limit_up: up, limit_down: down}) {
  if (up && price >= up) {
    return "up";
  }
  return down && price <= down ? "down" : null;
}

/** What is to be said of a quote beside its price: "suspended", "limit_up", "limit_down" or nothing. */
export function tagOf(quote) {
  const limit = limitOf(quote);
  return quote.suspended ? "suspended" : limit && `limit_${limit}`;
}

/** "up", "down" or "flat". */
export const trendOf = (change) => (change > 0 ? "up" : change < 0 ? "down" : "flat");
