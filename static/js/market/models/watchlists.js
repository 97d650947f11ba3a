// The watchlists of the user, in step over all devices.

import {signal} from "@preact/signals";
import {follow} from "#js/core/follow.js";
import {Turns} from "#js/core/turns.js";

export class Watchlists {
  /** `[{id, name, is_default, position, revision, items: [{code, symbol, name, note}]}]`, in the user's order. */
  lists = signal([]);
  #app;
  #following = null;
  #turns = new Turns(); // by list
  #underWay = new Map(); // by list: how many changes the server has not answered yet
  #held = new Map(); // by list: the newest that the server said meanwhile

  constructor(app) {
    this.#app = app;
  }

  /** Asked for from the first look on. */
  get following() {
    this.#following ??= follow(this.#app.live, {
      fetch: () => this.#app.session.request("GET", "/watchlists"),
      take: ({watchlists}) => {
        this.lists.value = watchlists;
      },
      events: {
        watchlist_updated: ({watchlist}) => this.#put(watchlist),
        watchlist_removed: ({watchlist_id: id}) => this.#drop(id),
      },
    });
    return this.#following;
  }

  find(id) {
    return this.lists.value.find((list) => list.id === id);
  }

  /** The lists that hold a stock. */
  holding(symbol) {
    return this.lists.value.filter(({items}) => items.some((item) => item.symbol === symbol));
  }

  create(name) {
    return this.#change(null, "POST", "/watchlists", {name});
  }

  rename(id, name) {
    return this.#change(id, "PATCH", `/watchlists/${id}`, {name});
  }

  async move(id, position) {
    const lists = moved(this.lists.value, ({id: other}) => other === id, position);
    this.lists.value = lists.map((list, index) => ({...list, position: index}));
    await this.#change(id, "PATCH", `/watchlists/${id}`, {position});
  }

  async remove(id) {
    await this.#app.session.request("DELETE", `/watchlists/${id}`);
    this.#drop(id);
  }

  add(id, symbol) {
    return this.#change(id, "POST", `/watchlists/${id}/items`, {symbol});
  }

  take(id, symbol) {
    return this.#change(id, "DELETE", `/watchlists/${id}/items/${symbol}`);
  }

  annotate(id, symbol, note) {
    return this.#change(id, "PATCH", `/watchlists/${id}/items/${symbol}`, {note});
  }

  /** Move a stock within its list; shown at once, and as it was when the server does not agree. */
  async moveItem(id, symbol, position) {
    const list = this.find(id);
    this.#replace({...list, items: moved(list.items, (item) => item.symbol === symbol, position)});
    await this.#change(id, "PATCH", `/watchlists/${id}/items/${symbol}`, {position});
  }

  async #change(id, method, path, body) {
    this.#underWay.set(id, (this.#underWay.get(id) ?? 0) + 1);
    try {
      const list = await this.#turns.take(id, () => this.#app.session.request(method, path, body));
      this.#put(list);
      return list;
    } catch (error) {
      this.following.refresh();
      throw error;
    } finally {
      this.#ended(id);
    }
  }

  #ended(id) {
    this.#underWay.set(id, this.#underWay.get(id) - 1);
    const held = this.#held.get(id);
    if (held && !this.#underWay.get(id)) {
      this.#held.delete(id);
      this.#put(held);
    }
  }

  /** Take a list as the server has it; the higher revision counts, and what is shown ahead of the server stays. */
  #put(list) {
    if (this.#underWay.get(list.id)) {
      if (!(this.#held.get(list.id)?.revision > list.revision)) {
        this.#held.set(list.id, list);
      }
      return;
    }
    const old = this.lists.peek().find(({id}) => id === list.id);
    if (!old) {
      this.lists.value = [...this.lists.peek(), list].sort(byPosition);
    } else if (old.revision <= list.revision) {
      this.#replace(list);
      if (old.position !== list.position) {
        this.following.refresh(); // others have moved too, of which nothing is told
      }
    }
  }

  #replace(list) {
    this.lists.value = this.lists
      .peek()
      .map((old) => (old.id === list.id ? list : old))
      .sort(byPosition);
  }

  #drop(id) {
    const left = this.lists.peek().filter((list) => list.id !== id);
    if (left.length < this.lists.peek().length) {
      this.lists.value = left;
    }
  }
}

const byPosition = (one, other) => one.position - other.position;

/** Return the list with one of its members at another place. */
export function moved(list, isIt, position) {
  const one = list.find(isIt);
  const rest = list.filter((other) => other !== one);
  rest.splice(position, 0, one);
  return rest;
}
