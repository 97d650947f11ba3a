// What the server lists page by page, newest first, under several filters: every entry is known once, whichever brought it.

import {signal} from "@preact/signals";

export class Pages {
  #fetch;
  #matches;
  #newer;
  #known = signal(new Map());
  #reach = signal({}); // filter → {oldest, hasMore}: down to this id all that match are known
  #dropped = new Set();
  #beginning = 0;

  /**
   * `fetch(filter, before)` returns `{entries, hasMore}`; `matches(entry, filter)` tells whether an entry belongs there;
   * `newer(known, entry)` chooses between two states of one entry, the later one in the order of arrival by default.
   */
  constructor({fetch, matches, newer = (_, entry) => entry}) {
    this.#fetch = fetch;
    this.#matches = matches;
    this.#newer = newer;
  }

  /** What is known of one entry. */
  get(id) {
    return this.#known.value.get(id);
  }

  /** Every entry that is known, in no order. */
  get known() {
    return [...this.#known.value.values()];
  }

  /** What is listed under a filter without a hole, newest first. */
  list(filter) {
    const reach = this.#reach.value[filter];
    if (!reach) {
      return [];
    }
    return this.known
      .filter((entry) => this.#matches(entry, filter) && (!reach.hasMore || entry.id >= reach.oldest))
      .sort((one, other) => (one.id < other.id ? 1 : -1));
  }

  isLoaded(filter) {
    return filter in this.#reach.value;
  }

  hasMore(filter) {
    return this.#reach.value[filter]?.hasMore ?? false;
  }

  /** Begin anew with the first page of one filter: there may be a hole between it and what was known before. */
  restart(filter, {entries, hasMore}) {
    this.#beginning += 1;
    this.#dropped.clear();
    const known = this.#known.value;
    this.#known.value = new Map(
      entries.map((entry) => [entry.id, known.has(entry.id) ? this.#newer(known.get(entry.id), entry) : entry]),
    );
    this.#reach.value = {[filter]: {oldest: entries.at(-1)?.id ?? "", hasMore}};
  }

  /** Ask for the first page of a filter, or for the next one. */
  async more(filter) {
    const reach = this.#reach.value[filter];
    const beginning = this.#beginning;
    const {entries, hasMore} = await this.#fetch(filter, reach?.oldest);
    if (this.#beginning !== beginning || this.#reach.value[filter] !== reach) {
      return; // begun anew meanwhile, or asked twice
    }
    this.put(...entries.filter(({id}) => !this.#dropped.has(id)));
    this.#reach.value = {...this.#reach.value, [filter]: {oldest: entries.at(-1)?.id ?? reach?.oldest ?? "", hasMore}};
  }

  put(...entries) {
    const known = new Map(this.#known.value);
    for (const entry of entries) {
      known.set(entry.id, known.has(entry.id) ? this.#newer(known.get(entry.id), entry) : entry);
    }
    this.#known.value = known;
  }

  /** Change what is known of some: `change(entry)` returns what takes its place. */
  change(isMeant, change) {
    this.put(...this.known.filter(isMeant).map(change));
  }

  drop(ids) {
    const known = new Map(this.#known.value);
    for (const id of ids) {
      this.#dropped.add(id);
      known.delete(id);
    }
    this.#known.value = known;
  }
}
