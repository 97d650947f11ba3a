// The strategies and what each of them says of the last settled day.

import {signal} from "@preact/signals";
import {follow} from "#js/core/follow.js";
import {language} from "#js/core/texts.js";

const MOST_SIGNALS = 500;

export class Strategies {
  /** `[{name, title, description, count}]` */
  list = signal([]);
  /** By the strategy's name `{strategy, day, count, signals}`. */
  found = signal({});
  #app;
  #following = null;
  #asked = new Set();

  constructor(app) {
    this.#app = app;
  }

  /** Asked for from the first look on; the words are the server's, so that another language asks again. */
  get following() {
    if (!this.#following) {
      this.#following = follow(this.#app.live, {
        fetch: () => this.#fetch(),
        take: ([strategies, ...found]) => {
          this.list.value = strategies;
          this.found.value = Object.fromEntries(found.map((one) => [one.strategy, one]));
        },
        events: {price_update: (update) => this.#hear(update)},
      });
      let isFirst = true;
      language.subscribe(() => isFirst || this.#following.refresh());
      isFirst = false;
    }
    return this.#following;
  }

  /** New signals are told by the quotes of their stocks; which ones are gone is not. */
  #hear({subscription_type: type, target, data}) {
    const known = this.found.peek()[target]?.signals;
    if (type !== "strategy" || !known) {
      return;
    }
    const shown = new Set(known.map(({symbol}) => symbol));
    const news = data.map(({symbol}) => symbol).filter((symbol) => !shown.has(symbol) && !this.#asked.has(symbol));
    if (news.length) {
      news.forEach((symbol) => this.#asked.add(symbol)); // once for each: a list that is cut never shows some
      this.#following.refresh();
    }
  }

  async #fetch() {
    const {session} = this.#app;
    const {strategies} = await session.request("GET", "/strategies");
    const asked = strategies.map(({name}) =>
      session.request("GET", `/signals/buy?strategy=${encodeURIComponent(name)}&limit=${MOST_SIGNALS}`),
    );
    return [strategies, ...(await Promise.all(asked))];
  }
}
