// The tasks: which there are, how far each is, what was told of it; live, and after a gap without a hole.

import {follow} from "#js/core/follow.js";
import {newId} from "#js/core/ids.js";
import {Pages} from "#js/core/pages.js";
import {isLasting} from "#js/core/session.js";
import {signal} from "#js/core/view.js";
import {advanced, isOpen, joined, newer} from "#js/tasks/states.js";

const PAGE = 50;
const MOST_OPEN = 100;
const MOST_WATCHED = 60; // of the 64 that the server allows a connection: some are left for what is followed
const RETRY_MS = 5_000;
const SAME_WISH_MS = 120_000; // who asks again so soon after a lost answer means the same analysis

export const FILTERS = ["all", "open", "completed", "error", "cancelled"];

export class Tasks {
  #session;
  #live;
  #pages;
  #logs = signal(new Map()); // id → its events, the oldest first, of those that somebody looks at
  #watched = new Set(); // what this connection was asked for
  #again = 0;
  #unanswered = new Map(); // what was asked for → `{key, at}`, until an answer comes

  constructor({session, live}) {
    this.#session = session;
    this.#live = live;
    this.#pages = new Pages({fetch: (filter, before) => this.#fetch(filter, before), matches, newer});
    this.following = follow(live, {
      fetch: () => this.#fetch("all"),
      take: (page) => {
        const followed = [...this.#logs.value.keys()].map((id) => this.get(id)).filter(Boolean);
        this.#pages.restart("all", page);
        this.#pages.put(...followed);
        this.#watched.clear();
        this.#watchOpen();
      },
      events: {
        task_progress: (event) => this.#apply(event),
        task_queued: ({task}) => this.#take(task),
      },
    });
  }

  list(filter) {
    return this.#pages.list(filter);
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

  async more(filter) {
    await this.#pages.more(filter);
    this.#watchOpen();
  }

  get(id) {
    return this.#pages.get(id);
  }

  /** Those that are not over. */
  get open() {
    return this.#pages.known.filter(isOpen);
  }

  /** What was told of a task that is followed, the oldest first, of every attempt. */
  log(id) {
    return this.#logs.value.get(id) ?? [];
  }

  /** Follow one task with its history and its result, until `stop()`. */
  follow(id) {
    this.#note(id, []); // from now on all that is told of it, in whatever answer
    const following = follow(this.#live, {
      fetch: async () => {
        const {task, events} = await this.#live.ask("watch_task", {task_id: id, after_seq: 0});
        const told = await this.#session.request("GET", `/tasks/${id}/progress`);
        return {task, events: [...told.events, ...events]};
      },
      take: ({task, events}) => {
        this.#pages.put(lastTold(task, events));
        events.forEach((event) => this.#apply(event));
        if (!isOpen(this.get(id))) {
          this.#unwatch(id);
        }
      },
      events: {
        task_progress: (event) => event.data.task_id === id && this.#apply(event),
      },
    });
    const stop = () => {
      following.stop();
      this.#forget(id);
    };
    return {...following, stop};
  }

  /** Ask for the analysis of a stock; returns the id of the task. Once more after a lost answer, it is the same one. */
  async analyse(symbol, days) {
    const body = {type: "analysis", symbol, days};
    const key = this.#keyFor(`${symbol} ${days}`);
    const {task_id: id} = await this.#session.request("POST", "/tasks", body, {headers: {"Idempotency-Key": key}});
    this.#unanswered.delete(`${symbol} ${days}`);
    return id;
  }

  async cancel(id) {
    this.#take(await this.#session.request("DELETE", `/tasks/${id}`));
  }

  async retry(id) {
    await this.#session.request("POST", `/tasks/${id}/retry`);
  }

  #keyFor(wish) {
    const before = this.#unanswered.get(wish);
    if (before && Date.now() - before.at < SAME_WISH_MS) {
      return before.key;
    }
    const key = newId();
    this.#unanswered.set(wish, {key, at: Date.now()});
    return key;
  }

  #take(task) {
    this.#pages.put(task);
    if (isOpen(this.get(task.id))) {
      this.#watch(task.id);
    }
  }

  /** Hear of the open ones that are known, as many as one connection may. */
  #watchOpen() {
    for (const {id} of this.open) {
      if (this.#watched.size < MOST_WATCHED && !this.#watched.has(id)) {
        this.#watch(id);
      }
    }
  }

  /** Hear how a task goes on, from what is known of it. A connection that is lost watches again when it is back. */
  async #watch(id) {
    this.#watched.add(id);
    try {
      const {task, events} = await this.#live.ask("watch_task", {task_id: id, after_seq: this.get(id).seq});
      this.#pages.put(lastTold(task, events));
      events.forEach((event) => this.#apply(event));
    } catch (error) {
      if (!isLasting(error)) {
        this.#watched.delete(id);
        this.#watchLater();
      } // else it is gone: the next look at the list says so
    }
  }

  #watchLater() {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#live.state.peek() === "live" && this.#watchOpen(), RETRY_MS);
  }

  #unwatch(id) {
    this.#watched.delete(id);
    this.#live.ask("unwatch_task", {task_id: id}).catch(() => {});
  }

  #apply(event) {
    const {task_id: id} = event.data;
    if (this.#logs.value.has(id)) {
      this.#note(id, [event]);
    }
    const before = this.get(id);
    const after = before && advanced(before, event);
    if (after === before) {
      return;
    }
    this.#pages.put(after);
    if (!isOpen(after)) {
      this.#unwatch(id);
      this.#watchOpen(); // there is room for another one
    }
    if (after.state !== before.state) {
      this.look(id);
    }
  }

  /** Learn what no event tells: its place in the line, and when exactly it began; unless nobody is there to answer. */
  async look(id) {
    if (this.#live.state.peek() !== "live") {
      return;
    }
    try {
      this.#pages.put(await this.#session.request("GET", `/tasks/${id}`));
    } catch {
      // What the events told is enough.
    }
  }

  #note(id, events) {
    this.#logs.value = new Map(this.#logs.value).set(id, joined(this.log(id), events));
  }

  #forget(id) {
    const logs = new Map(this.#logs.value);
    logs.delete(id);
    this.#logs.value = logs;
  }

  async #fetch(filter, before) {
    if (filter === "open") {
      const [queued, running] = await Promise.all(
        ["queued", "running"].map((state) => this.#page({state, limit: MOST_OPEN})),
      );
      return {entries: [...queued.entries, ...running.entries], hasMore: false};
    }
    return this.#page({limit: PAGE, ...(filter === "all" ? {} : {state: filter}), ...(before ? {before} : {})});
  }

  async #page(query) {
    const {tasks, has_more: hasMore} = await this.#session.request("GET", `/tasks?${new URLSearchParams(query)}`);
    return {entries: tasks, hasMore};
  }
}

/** Return a task with when it was last heard of. */
const lastTold = (task, events) => ({...task, told_at: events.at(-1)?.data.timestamp});

const matches = (task, filter) => filter === "all" || (filter === "open" ? isOpen(task) : task.state === filter);
