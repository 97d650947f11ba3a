// The price alerts of the user: those that wait, and those that fired.

import {signal} from "@preact/signals";
import {follow} from "#js/core/follow.js";

export class Alerts {
  /** `[{id, code, symbol, name, kind, value, status, created_at, fired?}]`, those that wait first. */
  list = signal([]);
  #app;
  #following = null;

  constructor(app) {
    this.#app = app;
  }

  /** Asked for from the first look on. */
  get following() {
    this.#following ??= follow(this.#app.live, {
      fetch: () => this.#app.session.request("GET", "/alerts"),
      take: ({alerts}) => {
        this.list.value = alerts;
      },
      events: {alert_fired: ({alert}) => this.#put(alert)},
    });
    return this.#following;
  }

  /** The alerts of a stock. */
  of(symbol) {
    return this.list.value.filter((alert) => alert.symbol === symbol);
  }

  async add(symbol, kind, value) {
    this.#put(await this.#app.session.request("POST", "/alerts", {symbol, kind, value}));
  }

  /** Let one that fired wait again. */
  async arm(id) {
    this.#put(await this.#app.session.request("PATCH", `/alerts/${id}`, {active: true}));
  }

  async remove(id) {
    await this.#app.session.request("DELETE", `/alerts/${id}`);
    this.list.value = this.list.peek().filter((alert) => alert.id !== id);
  }

  #put(alert) {
    const others = this.list.peek().filter(({id}) => id !== alert.id);
    const waits = ({status}) => status === "active";
    const list = [alert, ...others];
    this.list.value = [...list.filter(waits), ...list.filter((one) => !waits(one))];
  }
}
