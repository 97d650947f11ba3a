// The bars of one stock, asked for and then led on by its live quotes.

import {signal} from "@preact/signals";
import {follow} from "#js/core/follow.js";
import {lastDay, withQuote} from "#js/market/stock/bars.js";
import {VIEWS} from "#js/market/stock/series.js";

const MOST_BARS = 1000;

export class Candles {
  /** The bars of the chosen view, the oldest first. */
  bars = signal([]);
  #before = null; // the quote that was seen last

  constructor({session, live, quotes}, symbol, view) {
    const {period, isLine} = VIEWS[view];
    this.following = follow(live, {
      fetch: () => session.request("GET", `/stocks/${symbol}/bars?period=${period}&limit=${MOST_BARS}`),
      take: ({bars}) => {
        this.bars.value = isLine ? lastDay(bars) : bars;
      },
    });
    this.#stop = quotes.book.of(symbol).subscribe((quote) => {
      if (quote && this.following.state.peek() === "ready") {
        const bars = withQuote(this.bars.peek(), period, quote, this.#before);
        this.bars.value = isLine && bars.length ? lastDay(bars) : bars;
      }
      this.#before = quote;
    });
  }

  #stop;

  stop() {
    this.#stop();
    this.following.stop();
  }
}
