// Which targets of prices are wanted, by whom, and how they fit into what one connection may hold.

/** What the server lets a connection hold (`max_price_subscriptions`). */
export const MAX_SUBSCRIPTIONS = 128;
const MANY = 0.8;

const INDEX = /^(000\d{3}\.SH|399\d{3}\.SZ|899\d{3}\.BJ)$/;
const ALL = "market:ALL";

/** Whether so many are worth a word before there are too many. */
export const isMany = (held) => held > MANY * MAX_SUBSCRIPTIONS;

export const keyOf = (type, name) => `${type}:${name}`;

/** "stock:600519.SH" → `{subscription_type: "stock", target: "600519.SH"}` */
export function payloadOf(key) {
  const [type, name] = key.split(":");
  return {subscription_type: type, target: name};
}

/** Counts who wants what, so that two views of one stock hold one subscription. */
export class Wanted {
  #counts = new Map();

  add(keys) {
    keys.forEach((key) => this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1));
  }

  remove(keys) {
    for (const key of keys) {
      const left = this.#counts.get(key) - 1;
      if (left) {
        this.#counts.set(key, left);
      } else {
        this.#counts.delete(key);
      }
    }
  }

  get keys() {
    return [...this.#counts.keys()];
  }
}

/** Return what to subscribe to: the wanted, or, when that is too much, all shares at once in place of single ones. */
export function fitting(keys, limit = MAX_SUBSCRIPTIONS) {
  if (keys.length <= limit) {
    return keys;
  }
  const isIndex = (key) => INDEX.test(payloadOf(key).target);
  const rank = (key) => (key.startsWith("stock:") ? (isIndex(key) ? 1 : 2) : 0);
  const others = keys.filter((key) => key !== ALL).sort((one, other) => rank(one) - rank(other));
  return [ALL, ...others].slice(0, limit);
}
