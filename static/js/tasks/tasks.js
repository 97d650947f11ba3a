// The tasks: which there are, how far each is, what was told of it; live, and after a gap without a hole.

import {follow} from "#js/core/follow.js";
import {Pages} from "#js/core/pages.js";
import {signal} from "#js/core/view.js";
import {advanced, isOpen, joined, newer} from "#js/tasks/states.js";

const PAGE = 50;
const MOST_OPEN = 100;

export const FILTERS = ["all", "open", "completed", "error", "cancelled"];

export class Tasks {
  #session;
  #live;
  #pages;
  #logs = signal(new Map()); // id → its events, the oldest first, of those that somebody looks at

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
        page.entries.filter(isOpen).forEach(({id}) => this.#watch(id));
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

  hasMore(filter) {
    return this.#pages.hasMore(filter);
  }

  more(filter) {
    return this.#pages.more(filter);
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
    return follow(this.#live, {
      fetch: async () => {
        const {task, events} = await this.#live.ask("watch_task", {task_id: id, after_seq: 0});
        const told = await this.#session.request("GET", `/tasks/${id}/progress`);
        return {task, events: [...told.events, ...events]};
      },
      take: ({task, events}) => {
        this.#pages.put(task);
        events.forEach((event) => this.#apply(event));
        if (!isOpen(this.get(id))) {
          this.#unwatch(id);
        }
      },
      events: {
        task_progress: (event) => event.data.task_id === id && this.#apply(event),
      },
    });
  }

  /** Ask for the analysis of a stock; returns the id of the task. */
  async analyse(symbol, days) {
    const {task_id: id} = await this.#session.request("POST", "/tasks", {type: "analysis", symbol, days});
    return id;
  }

  async cancel(id) {
    this.#take(await this.#session.request("DELETE", `/tasks/${id}`));
  }

  async retry(id) {
    await this.#session.request("POST", `/tasks/${id}/retry`);
  }

  #take(task) {
    this.#pages.put(task);
    if (isOpen(this.get(task.id))) {
      this.#watch(task.id);
    }
  }

  /** Hear how a task goes on, from what is known of it. A connection that is lost watches again when it is back. */
  async #watch(id) {
    try {
      const {task, events} = await this.#live.ask("watch_task", {task_id: id, after_seq: this.get(id).seq});
      this.#pages.put(task);
      events.forEach((event) => this.#apply(event));
    } catch {
      // Gone, or away: the next look at the list says which.
    }
  }

  #unwatch(id) {
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
      this.#settle(id);
    }
  }

  /** Learn what no event tells: when exactly it began. */
  async #settle(id) {
    try {
      this.#pages.put(await this.#session.request("GET", `/tasks/${id}`));
    } catch {
      // What the events told is enough.
    }
  }

  #note(id, events) {
    this.#logs.value = new Map(this.#logs.value).set(id, joined(this.log(id), events));
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

const matches = (task, filter) => filter === "all" || (filter === "open" ? isOpen(task) : task.state === filter);
