// The page: joins session, connection and panes.

import {ChatPane} from "./chat.js";
import {Conversation} from "./conversation.js";
import {byId, setText} from "./dom.js";
import {Entrance} from "./entrance.js";
import {FriendsPane} from "./friends.js";
import {Live} from "./live.js";
import {PricesPane} from "./prices.js";
import {Session} from "./session.js";
import {language, loadTexts, onLanguage, rememberLanguage, setLanguage, t} from "./texts.js";

const session = new Session();
const live = new Live(session);
const conversations = new Map(); // by the friend's id; those that were opened
const isNarrow = matchMedia("(max-width: 719.9px)"); // one pane at a time
let shown = null;

const entrance = new Entrance(session);
const chat = new ChatPane(session);
const prices = new PricesPane(live);
const friends = new FriendsPane(session, openChat, (friend) => conversations.get(friend.id)?.unread ?? 0);

function openChat(friend) {
  let conversation = conversations.get(friend.id);
  if (!conversation) {
    conversation = new Conversation(live, session, friend);
    conversations.set(friend.id, conversation);
  }
  shown = conversation;
  friends.choose(friend);
  chat.show(conversation);
  showPane("chat");
  quietly(conversation.join().then(see));
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
    shown.unread = 0;
  }
  friends.render();
  const count = [...conversations.values()].reduce((sum, conversation) => sum + conversation.unread, 0);
  document.title = count ? `(${count}) Stock Insight` : "Stock Insight";
}

live.on("new_message", ({conversation_id: id, message}) => {
  const conversation = [...conversations.values()].find((other) => other.id === id);
  conversation?.receive(message);
  see();
});
live.on("friend_request", () => quietly(friends.load()));
live.on("friend_accepted", () => quietly(friends.load()));

live.addEventListener("state", () => {
  showConnection();
  if (live.state !== "live") {
    conversations.forEach((conversation) => conversation.disconnected());
    return;
  }
  quietly(friends.load());
  quietly(prices.subscribe());
  conversations.forEach((conversation) => quietly(conversation.join().then(see)));
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
  quietly(friends.load());
  live.start();
});

session.addEventListener("signed-out", () => {
  live.stop();
  shown = null;
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
