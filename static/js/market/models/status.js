// What the market does now, what comes next, and whether its prices can be trusted.

import {signal} from "@preact/signals";
import {follow} from "#js/core/follow.js";

const EVERY_MS = 30_000;

export class MarketStatus {
  /** `GET /api/market/status`, or null until it is known. */
  now = signal(null);
  #clockAhead = 0; // how far this machine's clock is ahead of the server's, in ms
  #app;
  #following = null;

  constructor(app) {
    this.#app = app;
  }

  /** Asked for from the first look on. */
  get following() {
    this.#following ??= follow(this.#app.live, {
      fetch: () => this.#app.session.request("GET", "/market/status"),
      take: (status) => this.take(status, Date.now()),
    });
    return this.#following;
  }

  take(status, at) {
    this.now.value = status;
    this.#clockAhead = at - Date.parse(status.timestamp);
  }

  /** The server's time in ms, when this machine's is `at`. */
  time(at) {
    return at - this.#clockAhead;
  }

  /** Keep it in step while somebody looks; returns what ends that. */
  watch() {
    if (this.following.state.peek() === "ready") {
      this.following.refresh();
    }
    const timer = setInterval(() => this.following.refresh(), EVERY_MS);
    return () => clearInterval(timer);
  }
}

/** Whether prices move whatever the exchanges do: simulated ones do in development. */
export const isAlwaysOpen = ({any_hour: anyHour, answering}) => anyHour && answering === "simulated";

/** Whole seconds from `now` (ms) until the next phase begins; 0 when it is due. */
export const secondsUntilChange = ({next_change: change}, now) =>
  Math.max(0, Math.ceil((Date.parse(change) - now) / 1000));

/** "trading", "waiting" (an auction, or lunch) or "closed". */
export function toneOf(phase) {
  if (phase === "morning" || phase === "afternoon" || phase === "closing_auction") {
    return "trading";
  }
  return phase === "closed" || phase === "holiday" ? "closed" : "waiting";
}
