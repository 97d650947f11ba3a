// Live quotes of what is looked at: subscriptions that come back with the connection, and one book that they all fill.

import {signal} from "@preact/signals";
import {Refusal} from "#js/core/session.js";
import {Book} from "#js/market/models/book.js";
import {fitting, keyOf, payloadOf, Wanted} from "#js/market/models/subscriptions.js";

const WHOLE_EVERY_MS = 120_000;
const RETRY_MS = 5_000;
const SOON_MS = 500;
const SOON_EVERY_MS = 10_000;
const SYMBOLS_AT_ONCE = 200;

/** What is known of a target: `members` are its symbols, in the server's order; `state` is "loading", "ready", "error". */
class Target {
  members = signal([]);
  state = signal("loading");
  error = signal(null);

  constructor(key, refresh) {
    this.key = key;
    this.refresh = refresh;
  }

  take(rows) {
    const known = new Set(this.members.peek());
    const news = rows.map(({symbol}) => symbol).filter((symbol) => !known.has(symbol));
    if (news.length) {
      this.members.value = [...this.members.peek(), ...news];
    }
  }
}

export class Quotes {
  book;
  /** How many subscriptions the connection holds. */
  held = signal(0);
  /** When the server last pushed, as it says, or null. */
  pushedAt = signal(null);
  #session;
  #live;
  #wanted = new Wanted();
  #subscribed = new Set();
  #refused = new Set(); // not asked for again before the next connection, or on demand
  #targets = new Map();
  #isSettling = false;
  #timer = 0;
  #wholeAt = 0;

  constructor({session, live}, book = new Book()) {
    this.book = book;
    this.#session = session;
    this.#live = live;
    live.on("price_update", (update) => this.#take(update));
    live.state.subscribe((state) => state === "live" && this.#startAnew());
  }

  /** What is known of a target that is watched. */
  target(type, name) {
    const key = keyOf(type, name);
    if (!this.#targets.has(key)) {
      this.#targets.set(key, new Target(key, () => this.#retry(key)));
    }
    return this.#targets.get(key);
  }

  /** Have the quotes of targets, `[["market", "ALL"], …]`, come until the returned function is called. */
  watch(targets) {
    const keys = targets.map(([type, name]) => keyOf(type, name));
    this.#wanted.add(keys);
    this.#settleSoon();
    return () => {
      this.#wanted.remove(keys);
      this.#settleSoon();
    };
  }

  #startAnew() {
    this.#subscribed.clear();
    this.#refused.clear();
    this.#settleSoon();
  }

  #retry(key) {
    this.#refused.delete(key);
    this.#settleSoon();
  }

  /** Once per turn: a view that follows another on the same target changes nothing. */
  #settleSoon() {
    if (!this.#isSettling) {
      this.#isSettling = true;
      queueMicrotask(() => {
        this.#isSettling = false;
        this.#settle();
      });
    }
  }

  #settle() {
    if (this.#live.state.value !== "live") {
      return;
    }
    const wanted = new Set(fitting(this.#wanted.keys));
    const gone = [...this.#subscribed].filter((key) => !wanted.has(key));
    const fresh = [...wanted].filter((key) => !this.#subscribed.has(key) && !this.#refused.has(key));
    for (const key of gone) {
      this.#subscribed.delete(key);
      this.#live.ask("unsubscribe_prices", payloadOf(key)).catch(() => {}); // a lost connection has forgotten it
    }
    fresh.forEach((key) => this.#subscribed.add(key));
    this.held.value = this.#subscribed.size;
    if (fresh.length) {
      Promise.all(fresh.map((key) => this.#ask(key))).then(() => this.#fetchWhole(fresh));
    }
    this.#keepWhole();
  }

  async #ask(key) {
    const payload = payloadOf(key);
    const target = this.target(payload.subscription_type, payload.target);
    try {
      const {data} = await this.#live.ask("subscribe_prices", payload);
      this.book.take(data);
      target.take(data);
      target.state.value = "ready";
    } catch (error) {
      this.#subscribed.delete(key);
      if (error instanceof Refusal) {
        this.#refused.add(key);
      }
      this.held.value = this.#subscribed.size;
      if (target.state.peek() === "loading") {
        target.error.value = error;
        target.state.value = "error";
      }
    }
  }

  #take({subscription_type: type, target, data, timestamp}) {
    this.pushedAt.value = timestamp;
    const isWhole = this.book.take(data);
    this.target(type, target).take(data);
    if (!isWhole && Date.now() - this.#wholeAt > SOON_EVERY_MS) {
      this.#wholeAt = Date.now();
      this.#keepWhole(SOON_MS); // a stock that is new here, or a new day
    }
  }

  /** Ask again and again for what a push does not bring; the exchange knows highs that lie between two pushes. */
  #keepWhole(after = WHOLE_EVERY_MS) {
    clearTimeout(this.#timer);
    if (this.#subscribed.size) {
      this.#timer = setTimeout(() => this.#fetchWhole([...this.#subscribed]), after);
    }
  }

  async #fetchWhole(keys) {
    this.#wholeAt = Date.now();
    try {
      await Promise.all(this.#queries(keys).map((query) => this.#fetch(query)));
      this.#keepWhole();
    } catch {
      this.#keepWhole(RETRY_MS);
    }
  }

  async #fetch(query) {
    const {quotes} = await this.#session.request("GET", `/market/quotes?${query}`);
    this.book.take(quotes);
  }

  #queries(keys) {
    const payloads = keys.map(payloadOf);
    const markets = payloads.filter(({subscription_type: type}) => type === "market").map(({target}) => target);
    const single = payloads
      .filter(({subscription_type: type}) => type !== "market")
      .flatMap(({subscription_type: type, target}) => this.target(type, target).members.peek());
    const covered = new Set(markets.flatMap((market) => this.target("market", market).members.peek()));
    const unique = [...new Set(single)].filter((symbol) => !covered.has(symbol));
    const parts = Array.from({length: Math.ceil(unique.length / SYMBOLS_AT_ONCE)}, (_, part) =>
      unique.slice(part * SYMBOLS_AT_ONCE, (part + 1) * SYMBOLS_AT_ONCE).join(","),
    );
    return [...markets.map((market) => `market=${market}`), ...parts.map((part) => `symbols=${part}`)];
  }
}
