// The notifications: what there is, what is unread, in step with the server and over all devices.

import {follow} from "#js/core/follow.js";
import {Pages} from "#js/core/pages.js";
import {place} from "#js/core/router.js";
import {computed, effect, signal, untracked} from "#js/core/view.js";
import {isAbout} from "#js/notices/kinds.js";

const PAGE = 50;

export class Notices {
  #session;
  #pages;
  #count = signal(0);
  #leaving = signal(new Set()); // ids of those that are taken away, but can be kept after all
  #seen = signal(null); // all up to this id count as read, but can be unread after all
  #listeners = new Set();

  /** How many are unread, as the server counts them. */
  unread = computed(() => {
    const [leaving, seen] = [this.#leaving.value, this.#seen.value];
    const isUnread = (notice) => notice?.status === "unread";
    if (seen) {
      return this.#pages.known.filter((notice) => isUnread(notice) && notice.id > seen && !leaving.has(notice.id))
        .length;
    }
    return Math.max(0, this.#count.value - [...leaving].filter((id) => isUnread(this.#pages.get(id))).length);
  });
  /** How long they are kept, as the server says. */
  keptSeconds = signal(0);
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
    globalThis.addEventListener?.("pagehide", () => {
      this.#leaving.peek().forEach((id) => this.remove(id));
      if (this.#seen.peek()) {
        this.readAll(this.#seen.peek()).catch(() => {});
      }
    });
  }

  /** What a filter shows, newest first: "all", "unread" or a type. */
  list(filter) {
    const [leaving, seen] = [this.#leaving.value, this.#seen.value];
    const shown = this.#pages
      .list(filter)
      .filter(({id}) => !leaving.has(id))
      .map((notice) => (seen && notice.id <= seen ? {...notice, status: "read"} : notice));
    return filter === "unread" ? shown.filter(({status}) => status === "unread") : shown;
  }

  isLoaded(filter) {
    return this.#pages.isLoaded(filter);
  }

  error(filter) {
    return this.#pages.error(filter);
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

  /** Let all that there are count as read, and return up to which; `unseeAll` takes it back, `readAll` makes it last. */
  seeAll() {
    this.#seen.value = this.#pages.list("all")[0]?.id ?? null;
    return this.#seen.value;
  }

  unseeAll(through) {
    if (this.#seen.value === through) {
      this.#seen.value = null;
    }
  }

  /** Mark all up to one as read. */
  async readAll(through) {
    try {
      await this.#asked("POST", `/notifications/read_all?${new URLSearchParams({through})}`, {isLast: true});
      this.#count.value = this.unread.peek();
      this.#see(({id}) => id <= through);
    } finally {
      this.unseeAll(through);
    }
  }

  /** Take one out of the lists: `keep(id)` brings it back, `remove(id)` deletes it. */
  hide(id) {
    this.#leaving.value = new Set(this.#leaving.value).add(id);
  }

  keep(id) {
    const leaving = new Set(this.#leaving.value);
    leaving.delete(id);
    this.#leaving.value = leaving;
  }

  /** Delete one; it is kept when that fails. */
  async remove(id) {
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

  async #asked(method, path, options) {
    try {
      await this.#session.request(method, path, undefined, options);
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
    const answer = await this.#session.request("GET", `/notifications?${query}`);
    const {notifications, has_more: hasMore, retention_seconds: seconds} = answer;
    this.keptSeconds.value = seconds;
    return {entries: notifications, hasMore};
  }
}

function matches({status, type}, filter) {
  return filter === "all" || (filter === "unread" ? status === "unread" : type === filter);
}
