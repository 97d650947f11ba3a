// The friends and how present they are, the requests from and to others, and who is blocked.

import {follow} from "#js/core/follow.js";
import {batch, computed, signal} from "#js/core/view.js";

const PRESENCE_PAUSE_MS = 100;
const NOT_SEEN = {state: "offline", last_seen: null};
const UNKNOWN_PRESENCE = {state: "unknown", last_seen: null};

export class Friends {
  /**
   * `[{id, username, display_name, avatar?, presence: {state, last_seen}}]`, by username; the state is "online", "idle", "offline"
   * or, as long as nobody tells, "unknown".
   */
  list = signal([]);
  /** `[{id, from_user, to_user, created_at}]`, newest first. */
  requests = signal([]);
  /** `[{id, username, display_name}]` */
  blocked = signal([]);
  byId = computed(() => new Map(this.list.value.map((friend) => [friend.id, friend])));
  incoming = computed(() => this.requests.value.filter(({to_user: user}) => user.id === this.#session.user.value?.id));
  outgoing = computed(() =>
    this.requests.value.filter(({from_user: user}) => user.id === this.#session.user.value?.id),
  );
  #session;
  #presences = new Map(); // what was told and is not shown yet
  #showing = 0;

  constructor({session, live}) {
    this.#session = session;
    this.following = follow(live, {
      fetch: () => Promise.all(["", "/requests", "/blocked"].map((part) => session.request("GET", `/friends${part}`))),
      take: ([{friends}, {requests}, {blocked}]) =>
        batch(() => {
          this.#presences.clear();
          this.list.value = friends;
          this.requests.value = requests;
          this.blocked.value = blocked;
        }),
      events: {
        friend_request: (request) => this.#requested(request),
        friend_accepted: (request) => this.#accepted(request),
        friend_request_removed: ({request_id: id}) => this.#forgetRequest(id),
        friend_removed: ({user_id: id}) => this.#parted(id),
        user_online: (presence) => this.#seen(presence),
        user_offline: (presence) => this.#seen(presence),
        user_presence: (presence) => this.#seen(presence),
        profile_updated: ({user}) => this.#renamed(user),
      },
    });
    live.state.subscribe((state) => state !== "live" && this.#forgetPresences());
  }

  /** What somebody is to the user: `{is: "self" | "friend" | "incoming" | "outgoing" | "blocked" | "none", request?}`. */
  standing(userId) {
    if (userId === this.#session.user.value?.id) {
      return {is: "self"};
    }
    if (this.byId.value.has(userId)) {
      return {is: "friend"};
    }
    if (this.isBlocked(userId)) {
      return {is: "blocked"};
    }
    const incoming = this.incoming.value.find(({from_user: user}) => user.id === userId);
    const outgoing = this.outgoing.value.find(({to_user: user}) => user.id === userId);
    return incoming
      ? {is: "incoming", request: incoming}
      : outgoing
        ? {is: "outgoing", request: outgoing}
        : {is: "none"};
  }

  isBlocked(userId) {
    return this.blocked.value.some(({id}) => id === userId);
  }

  async ask(username) {
    try {
      this.#requested(await this.#session.request("POST", "/friends/requests", {username}));
    } catch (error) {
      if (error.code === "conflict") {
        this.following.refresh(); // they have asked at the same moment, or are a friend by now
      }
      throw error;
    }
  }

  async accept({id, ...request}) {
    await this.#answer("POST", `${id}/accept`);
    this.#accepted({id, ...request});
  }

  async decline({id}) {
    await this.#answer("POST", `${id}/decline`);
    this.#forgetRequest(id);
  }

  async withdraw({id}) {
    await this.#answer("DELETE", id);
    this.#forgetRequest(id);
  }

  /** Answer a request or take it back; one that is not there any more, of which the news was lost, goes away. */
  async #answer(method, path) {
    try {
      await this.#session.request(method, `/friends/requests/${path}`);
    } catch (error) {
      if (error.code === "not_found") {
        this.following.refresh();
      }
      throw error;
    }
  }

  async remove(userId) {
    await this.#session.request("DELETE", `/friends/${userId}`);
    this.#parted(userId);
  }

  async block(user) {
    await this.#session.request("POST", `/friends/${user.id}/block`);
    batch(() => {
      this.#parted(user.id);
      this.requests.value = this.requests.value.filter(
        ({from_user: from, to_user: to}) => ![from.id, to.id].includes(user.id),
      );
      this.blocked.value = [...this.blocked.value.filter(({id}) => id !== user.id), user];
    });
  }

  async unblock(userId) {
    await this.#session.request("DELETE", `/friends/${userId}/block`);
    this.blocked.value = this.blocked.value.filter(({id}) => id !== userId);
  }

  #requested(request) {
    this.requests.value = [request, ...this.requests.value.filter(({id}) => id !== request.id)];
  }

  #forgetRequest(id) {
    this.requests.value = this.requests.value.filter((request) => request.id !== id);
  }

  #accepted({id, from_user: from, to_user: to}) {
    const friend = from.id === this.#session.user.value?.id ? to : from;
    batch(() => {
      this.#forgetRequest(id);
      if (!this.byId.value.has(friend.id)) {
        // How present they are is told a moment later.
        this.list.value = [...this.list.value, {...friend, presence: NOT_SEEN}].sort(byUsername);
      }
    });
  }

  #parted(userId) {
    this.list.value = this.list.value.filter(({id}) => id !== userId);
  }

  /** Without a connection nobody tells who comes and goes; the next one tells it of all. */
  #forgetPresences() {
    this.#presences.clear();
    this.list.value = this.list.value.map((friend) => ({...friend, presence: UNKNOWN_PRESENCE}));
  }

  /** Show soon how present somebody is: when a server comes back, all friends do at once. */
  #seen({user_id: userId, ...presence}) {
    this.#presences.set(userId, presence);
    this.#showing ||= setTimeout(() => {
      this.#showing = 0;
      const shown = (friend) => this.#presences.get(friend.id);
      this.list.value = this.list.value.map((friend) =>
        shown(friend) ? {...friend, presence: shown(friend)} : friend,
      );
      this.#presences.clear();
    }, PRESENCE_PAUSE_MS);
  }

  #renamed(user) {
    // An avatar that was removed is absent from what is told.
    this.list.value = this.list.value.map((friend) =>
      friend.id === user.id ? {...user, presence: friend.presence} : friend,
    );
  }
}

function byUsername(one, other) {
  const [a, b] = [one.username.toLowerCase(), other.username.toLowerCase()];
  return a < b ? -1 : Number(a > b);
}
