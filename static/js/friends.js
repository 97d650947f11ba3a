// The friends pane: who they are, who asks to be one, and asking somebody.

import {byId, create, reconcile, setText} from "./dom.js";
import {Refusal} from "./session.js";
import {onLanguage, t} from "./texts.js";

const PRESENCES = {online: "page.presence_online", idle: "page.presence_idle", offline: "page.presence_offline"};

export class FriendsPane {
  friends = [];
  #requests = [];
  #session;
  #choose;
  #unreadOf;
  #chosen = null;

  /** `choose(friend)` is called when one is picked; `unreadOf(friend)` counts what was not seen. */
  constructor(session, choose, unreadOf) {
    this.#session = session;
    this.#choose = choose;
    this.#unreadOf = unreadOf;
    byId("add-friend").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    onLanguage(() => {
      this.#note("");
      this.render();
    });
  }

  /** Get the lists anew. */
  async load() {
    const [{friends}, {requests}] = await Promise.all([
      this.#session.request("GET", "/friends"),
      this.#session.request("GET", "/friends/requests"),
    ]);
    this.friends = friends;
    this.#requests = requests;
    this.render();
  }

  /** Note how present a friend is now. */
  takePresence({user_id: userId, ...presence}) {
    const friend = this.friends.find(({id}) => id === userId);
    if (friend) {
      friend.presence = presence;
      this.render();
    }
  }

  choose(friend) {
    this.#chosen = friend?.id ?? null;
    this.render();
  }

  clear() {
    this.friends = this.#requests = [];
    this.#chosen = null;
    this.#note("");
    byId("friend-name").value = "";
    this.render();
  }

  render() {
    byId("no-friends").hidden = this.friends.length > 0;
    reconcile(byId("friend-list"), this.friends, (friend) => friend.id, (friend) => this.#makeFriend(friend), (item, friend) => {
      const [button] = item.children;
      const [avatar, name, presence, unread] = button.children;
      button.setAttribute("aria-current", String(friend.id === this.#chosen));
      setText(avatar, [...friend.display_name][0] ?? "?");
      setText(name.firstElementChild, friend.display_name);
      setText(name.lastElementChild, `@${friend.username}`);
      presence.dataset.state = friend.presence.state;
      presence.setAttribute("aria-label", t(PRESENCES[friend.presence.state]));
      presence.title = presence.ariaLabel;
      const count = this.#unreadOf(friend);
      unread.hidden = count === 0;
      setText(unread, String(count));
      unread.setAttribute("aria-label", t("page.new_messages", {count}));
    });
    this.#renderRequests();
  }

  #renderRequests() {
    const mine = this.#session.user?.id;
    byId("request-box").hidden = this.#requests.length === 0;
    reconcile(byId("request-list"), this.#requests, (request) => request.id, () => this.#makeRequest(), (item, request) => {
      const isIncoming = request.to_user.id === mine;
      const other = isIncoming ? request.from_user : request.to_user;
      item.dataset.request = request.id;
      setText(item.firstElementChild, t(isIncoming ? "page.asks_you" : "page.you_asked", {name: other.display_name}));
      item.lastElementChild.hidden = !isIncoming;
      setText(item.lastElementChild, t("page.accept"));
    });
  }

  #makeFriend(friend) {
    const name = create("span", {className: "name"}, create("strong"), create("small"));
    const button = create(
      "button",
      {type: "button", className: "friend", data: {friend: friend.username}},
      create("span", {className: "avatar", ariaHidden: "true"}),
      name,
      create("span", {className: "dot", role: "img"}),
      create("span", {className: "badge"}),
    );
    button.addEventListener("click", () => this.#choose(this.friends.find(({id}) => id === friend.id) ?? friend));
    return create("li", {}, button);
  }

  #makeRequest() {
    const button = create("button", {type: "button"});
    const item = create("li", {}, create("span"), button);
    button.addEventListener("click", () => this.#accept(item.dataset.request, button));
    return item;
  }

  async #ask() {
    const field = byId("friend-name");
    const username = field.value.trim();
    if (!username) {
      return;
    }
    await this.#attempt(async () => {
      await this.#session.request("POST", "/friends/requests", {username});
      field.value = "";
      this.#note(t("page.asked", {name: username}));
    });
  }

  async #accept(requestId, button) {
    button.disabled = true;
    await this.#attempt(() => this.#session.request("POST", `/friends/requests/${requestId}/accept`));
    button.disabled = false;
  }

  async #attempt(work) {
    try {
      await work();
      await this.load();
    } catch (error) {
      this.#note(error instanceof Refusal ? error.message : t("page.unreachable"), true);
    }
  }

  #note(text, isError = false) {
    const note = byId("friend-note");
    note.classList.toggle("error", isError);
    setText(note, text);
  }
}
