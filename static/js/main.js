// The page: joins session, connection and panes.

import {ChatPane} from "./chat.js";
import {Conversation} from "./conversation.js";
import {byId, setText} from "./dom.js";
import {Entrance} from "./entrance.js";
import {FriendsPane} from "./friends.js";
import {Live} from "./live.js";
import {Presence} from "./presence.js";
import {PricesPane} from "./prices.js";
import {Session} from "./session.js";
import {language, loadTexts, onLanguage, rememberLanguage, setLanguage, t} from "./texts.js";

const session = new Session();
const live = new Live(session);
const conversations = new Map(); // by the friend's id
const isNarrow = matchMedia("(max-width: 719.9px)"); // one pane at a time
const OPEN_FRIEND = "stock-insight-friend";
const JOINS_AT_ONCE = 30; // the server allows 40, and then 10 a second
const JOIN_PAUSE_MS = 150;
let shown = null;

const entrance = new Entrance(session);
const chat = new ChatPane(session);
const prices = new PricesPane(live);
new Presence(live);
const friends = new FriendsPane(session, openChat, (friend) => conversations.get(friend.id)?.unread ?? 0);

function conversationWith(friend) {
  if (!conversations.has(friend.id)) {
    conversations.set(friend.id, new Conversation(live, session, friend));
  }
  return conversations.get(friend.id);
}

function openChat(friend) {
  shown = conversationWith(friend);
  rememberFriend(friend);
  friends.choose(friend);
  showPane("chat"); // first: what is not shown cannot be measured
  chat.show(shown);
  quietly(shown.join().then(see));
}

/** Hear of news in every conversation, opened or not. */
async function follow() {
  const [, {conversations: listed}] = await Promise.all([friends.load(), session.request("GET", "/conversations")]);
  const mine = session.user?.id;
  if (!mine) {
    return; // signed out meanwhile
  }
  const ofTwo = listed.filter(({kind}) => kind === "direct");
  const byFriend = new Map(ofTwo.map((entry) => [entry.members.find(({id}) => id !== mine)?.id, entry]));
  const followed = friends.friends.map(conversationWith);
  followed.forEach((conversation) => conversation.take(byFriend.get(conversation.friend.id)));
  see();
  for (const [index, conversation] of followed.entries()) {
    if (index >= JOINS_AT_ONCE) {
      await new Promise((resolve) => setTimeout(resolve, JOIN_PAUSE_MS));
    }
    quietly(conversation.follow().then(see));
  }
}

function rememberFriend(friend) {
  try {
    sessionStorage.setItem(OPEN_FRIEND, friend?.id ?? "");
  } catch {
    // Storage is switched off: nobody is open after a reload.
  }
}

function rememberedFriend() {
  try {
    return friends.friends.find(({id}) => id === sessionStorage.getItem(OPEN_FRIEND));
  } catch {
    return undefined;
  }
}

async function loadFriends() {
  await friends.load();
  const friend = shown ? undefined : rememberedFriend();
  if (friend) {
    openChat(friend);
  }
}

function showPane(name) {
  byId("community").dataset.pane = name;
  for (const tab of byId("tabs").children) {
    tab.setAttribute("aria-current", String(tab.dataset.pane === name));
  }
  see();
}

/** Count what was not seen: in the list, and in the tab's title. */
function see() {
  const isInView = !document.hidden && (byId("community").dataset.pane === "chat" || !isNarrow.matches);
  if (shown && isInView) {
    shown.read();
  }
  friends.render();
  const count = [...conversations.values()].reduce((sum, conversation) => sum + conversation.unread, 0);
  document.title = count ? `(${count}) Stock Insight` : "Stock Insight";
}

function conversationOf(id) {
  return [...conversations.values()].find((conversation) => conversation.id === id);
}

live.on("new_message", ({conversation_id: id, message}) => {
  conversationOf(id)?.receive(message);
  see();
});
live.on("message_updated", ({conversation_id: id, message}) => conversationOf(id)?.update(message));
live.on("message_read", ({conversation_id: id, user_id: userId, seq}) => {
  if (userId === session.user?.id) {
    conversationOf(id)?.readElsewhere(seq);
    see();
  }
});
live.on("friend_request", () => quietly(friends.load()));
live.on("friend_accepted", () => quietly(follow()));
for (const event of ["friend_request_removed", "friend_removed"]) {
  live.on(event, () => quietly(friends.load()));
}
for (const event of ["user_online", "user_offline", "user_presence"]) {
  live.on(event, (presence) => friends.takePresence(presence));
}

live.addEventListener("state", () => {
  showConnection();
  if (live.state !== "live") {
    conversations.forEach((conversation) => conversation.disconnected());
    return;
  }
  quietly(follow());
  quietly(prices.subscribe());
  for (const conversation of conversations.values()) {
    if (conversation.isOpened) {
      quietly(conversation.join().then(see));
    }
  }
});

function showConnection() {
  const {state, attempt} = live;
  byId("connection").dataset.state = state;
  setText(byId("connection-text"), t(`page.${state}`, {attempt: attempt || 1}));
  byId("retry-now").hidden = state !== "reconnecting";
}

/** Let a request fail without a word when the connection is gone: the next connection asks again. */
function quietly(promise) {
  promise.catch((error) => console.info("not now:", error.message));
}

session.addEventListener("signed-in", () => {
  showWhoIsHere();
  showPane(isNarrow.matches ? "friends" : "chat");
  quietly(loadFriends());
  live.start();
});

session.addEventListener("signed-out", () => {
  live.stop();
  shown = null;
  rememberFriend(null);
  conversations.clear();
  chat.show(null);
  friends.clear();
  prices.clear();
  showWhoIsHere();
  see();
  byId("username").focus();
});

function showWhoIsHere() {
  const isIn = session.user !== null;
  byId("entrance").hidden = isIn;
  for (const id of ["community", "tabs", "connection", "me", "sign-out"]) {
    byId(id).hidden = !isIn;
  }
  setText(byId("me"), session.user?.display_name ?? "");
}

byId("sign-out").addEventListener("click", () => quietly(session.signOut()));
byId("retry-now").addEventListener("click", () => live.retryNow());
byId("tabs").addEventListener("click", ({target}) => target.dataset.pane && showPane(target.dataset.pane));
document.addEventListener("visibilitychange", see);
window.addEventListener("beforeunload", (event) => {
  if ([...conversations.values()].some(({outgoing}) => outgoing.length > 0)) {
    event.preventDefault(); // the browser asks: what was not sent is lost
  }
});
byId("language").addEventListener("change", ({target}) => {
  rememberLanguage(target.value);
  setLanguage(target.value).catch(() => {
    target.value = language; // the texts did not come: stay with those that are here
  });
});
onLanguage(() => {
  byId("language").value = language;
  showConnection();
});

await loadTexts();
try {
  await session.restore();
} catch {
  entrance.tell(t("page.unreachable"));
}
showWhoIsHere();
if (!session.user && matchMedia("(pointer: fine)").matches) {
  byId("username").focus();
}
