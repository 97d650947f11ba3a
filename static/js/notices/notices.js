// The notifications: what there is, what is unread, in step with the server and over all devices.

import {follow} from "#js/core/follow.js";
import {Pages} from "#js/core/pages.js";
import {place} from "#js/core/router.js";
import {computed, effect, signal, untracked} from "#js/core/view.js";
import {isAbout} from "#js/notices/kinds.js";

const PAGE = 50;

/** How long a deletion can be taken back. */
export const UNDO_MS = 6_000;

export class Notices {
  #session;
  #pages;
  #count = signal(0);
  #leaving = signal(new Map()); // id → the timer after which it is deleted
  #listeners = new Set();

  /** How many are unread, as the server counts them. */
  unread = computed(() => {
    const leaving = [...this.#leaving.value.keys()].filter((id) => this.#pages.get(id)?.status === "unread").length;
    return Math.max(0, this.#count.value - leaving);
  });
  /** The types there are. */
  types = computed(() => [...new Set(this.#pages.known.map(({type}) => type))].sort());

  constructor({session, live}) {
    this.#session = session;
    this.#pages = new Pages({fetch: (filter, before) => this.#fetch(filter, before), matches});
    this.following = follow(live, {
      fetch: () => Promise.all([this.#fetch("all"), session.request("GET", "/notifications/unread_count")]),
      take: ([page, {count}]) => {
        this.#pages.restart("all", page);
        this.#count.value = count;
        this.#readAt(place.value);
      },
      events: {
        notification: (notice) => this.#arrive(notice),
        unread_counts: ({notifications}) => {
          this.#count.value = notifications;
        },
        notifications_read: ({ids, through}) =>
          this.#see((notice) => (through ? notice.id <= through : ids.includes(notice.id))),
        notifications_removed: ({ids}) => this.#forget(ids),
      },
    });
    effect(() => this.#readAt(place.value));
    globalThis.addEventListener?.("pagehide", () => this.#leaving.peek().forEach((_, id) => this.#delete(id)));
  }

  /** What a filter shows, newest first: "all", "unread" or a type. */
  list(filter) {
    return this.#pages.list(filter).filter(({id}) => !this.#leaving.value.has(id));
  }

  isLoaded(filter) {
    return this.#pages.isLoaded(filter);
  }

  hasMore(filter) {
    return this.#pages.hasMore(filter);
  }

  /** Get the first page of a filter, or the next one. */
  more(filter) {
    return this.#pages.more(filter);
  }

  /** Hear of each notification that comes live, once; returns what ends that. */
  onArrival(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async read(id) {
    if (this.#pages.get(id)?.status !== "unread") {
      return;
    }
    this.#see((notice) => notice.id === id);
    this.#count.value = Math.max(0, this.#count.value - 1);
    await this.#asked("POST", `/notifications/${id}/read`);
  }

  async readAll() {
    this.#see(() => true);
    this.#count.value = 0;
    await this.#asked("POST", "/notifications/read_all");
  }

  /** Take one away; until `UNDO_MS` have gone it can be kept after all. A failure then is told to `failed`. */
  remove(id, failed = () => {}) {
    if (!this.#leaving.value.has(id)) {
      const timer = setTimeout(() => this.#delete(id).catch(failed), UNDO_MS);
      this.#leaving.value = new Map(this.#leaving.value).set(id, timer);
    }
  }

  keep(id) {
    clearTimeout(this.#leaving.value.get(id));
    const leaving = new Map(this.#leaving.value);
    leaving.delete(id);
    this.#leaving.value = leaving;
  }

  #arrive(notice) {
    if (this.#pages.get(notice.id)) {
      return;
    }
    this.#pages.put(notice);
    const isSeen = !globalThis.document?.hidden && isAbout(notice, place.value);
    if (isSeen) {
      this.read(notice.id).catch(() => {});
    }
    this.#listeners.forEach((listener) => listener(notice, {isSeen}));
  }

  /** Who goes to what a notification is about has no need of it any more. */
  #readAt(here) {
    untracked(() => {
      for (const notice of this.#pages.known) {
        if (notice.status === "unread" && isAbout(notice, here)) {
          this.read(notice.id).catch(() => {});
        }
      }
    });
  }

  #see(isMeant) {
    this.#pages.change(
      (notice) => notice.status === "unread" && isMeant(notice),
      (notice) => ({...notice, status: "read"}),
    );
  }

  #forget(ids) {
    this.#pages.drop(ids);
    ids.forEach((id) => this.keep(id));
  }

  async #delete(id) {
    clearTimeout(this.#leaving.value.get(id));
    try {
      await this.#session.request("DELETE", `/notifications/${id}`);
    } catch (error) {
      if (error.code !== "not_found") {
        this.keep(id);
        throw error;
      }
    }
    this.#forget([id]);
  }

  async #asked(method, path) {
    try {
      await this.#session.request(method, path);
    } catch (error) {
      if (error.code !== "not_found") {
        this.following.refresh();
        throw error;
      }
    }
  }

  async #fetch(filter, before) {
    const query = new URLSearchParams({limit: PAGE});
    if (before) {
      query.set("before", before);
    }
    if (filter !== "all") {
      query.set(filter === "unread" ? "status" : "type", filter);
    }
    const {notifications, has_more: hasMore} = await this.#session.request("GET", `/notifications?${query}`);
    return {entries: notifications, hasMore};
  }
}

function matches({status, type}, filter) {
  return filter === "all" || (filter === "unread" ? status === "unread" : type === filter);
}
