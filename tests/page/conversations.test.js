import assert from "node:assert/strict";
import {beforeEach, mock, test} from "node:test";
import {BOB, CAROL, FakeApp, ME, at, direct, friend, group, message} from "./chat_support.js";
import {Conversations} from "#js/chat/conversations.js";
import {Friends} from "#js/chat/friends.js";
import {signal} from "#js/core/view.js";

let app, conversations;

/** Sign in with these conversations; bob and carol are friends. */
async function begin(...listed) {
  app.answers["GET /conversations"] = {conversations: listed};
  app.live.becomes("live");
  await app.live.settled();
}

beforeEach(() => {
  app = new FakeApp();
  app.answers = {
    "GET /friends": {friends: [friend(BOB), friend(CAROL)]},
    "GET /friends/requests": {requests: []},
    "GET /friends/blocked": {blocked: []},
  };
  app.friends = new Friends(app);
  conversations = new Conversations(app);
});

const titles = () => conversations.list.value.map(({title}) => title);
const updated = (id, news) => app.live.tell("conversation_updated", {conversation_id: id, ...news});
const wrote = (id, said) => updated(id, {last_seq: said.seq, last_message: said});

test("what is pinned comes first, then the last active, then friends in silence", async () => {
  await begin(
    direct("d", BOB, {last: message(5, BOB)}),
    group("g", "Traders", [BOB], {last: message(3, BOB), pinned: true}),
    group("h", "Old", [BOB], {last: message(4, BOB)}),
  );
  assert.deepEqual(titles(), ["Traders", "Bob", "Old", "Carol"]);
  wrote("h", message(6, BOB));
  assert.deepEqual(titles(), ["Traders", "Old", "Bob", "Carol"]);
  updated("g", {pinned: false});
  assert.deepEqual(titles(), ["Old", "Bob", "Traders", "Carol"]);
});

test("what another device sets for a conversation that is not known here has it asked for", async () => {
  await begin();
  app.answers["GET /conversations/d"] = {conversation: direct("d", BOB, {pinned: true})};
  updated("d", {pinned: true, muted_until: null});
  await app.live.settled();
  assert.equal(conversations.row("d").isPinned, true);
});

test("what was not read is counted, one's own and what is muted is not", async () => {
  await begin(
    direct("d", BOB, {last: message(5, BOB), unread: 2}),
    group("g", "Traders", [BOB], {last: message(3, BOB), unread: 1, muted_until: at(1e9)}),
  );
  assert.equal(conversations.unread.value, 2);
  wrote("d", message(6, BOB));
  wrote("d", message(6, BOB));
  assert.equal(conversations.row("d").unread, 3);
  wrote("d", message(7, ME));
  assert.equal(conversations.unread.value, 0);
  app.live.tell("new_message", {conversation_id: "g", message: message(4, BOB)});
  assert.deepEqual([conversations.row("g").unread, conversations.unread.value], [2, 0]);
  updated("g", {pinned: false, muted_until: null});
  assert.equal(conversations.unread.value, 2);
});

test("what was read on another device is read here, and does not come back with an older list", async () => {
  const listed = direct("d", BOB, {last: message(5, BOB), unread: 3});
  await begin(listed);
  app.live.tell("message_read", {conversation_id: "d", user_id: "bob", seq: 5});
  assert.equal(conversations.unread.value, 3);
  app.live.tell("message_read", {conversation_id: "d", user_id: "me", seq: 4});
  assert.equal(conversations.unread.value, 1);
  await conversations.following.refresh();
  assert.equal(conversations.unread.value, 1);
});

test("news that come while the list is fetched are applied after it", async () => {
  await begin(direct("d", BOB, {last: message(5, BOB)}));
  let answer;
  app.answers["GET /conversations"] = () => new Promise((resolve) => (answer = resolve));
  const fetched = conversations.following.refresh();
  wrote("d", message(6, BOB));
  answer({conversations: [direct("d", BOB, {last: message(5, BOB)})]});
  await fetched;
  assert.equal(conversations.row("d").unread, 1);
});

test("a conversation that is not listed yet is asked for once", async () => {
  await begin();
  app.answers["GET /conversations/d"] = {conversation: direct("d", BOB, {last: message(2, BOB), unread: 2})};
  wrote("d", message(1, BOB));
  wrote("d", message(2, BOB));
  await app.live.settled();
  assert.equal(app.requests.filter((request) => request === "GET /conversations/d").length, 1);
  assert.equal(conversations.rowWith("bob").unread, 2);
  assert.deepEqual(titles(), ["Bob", "Carol"]);
});

test("one's own messages from another device are not counted, also where only the last of several is told", async () => {
  mock.timers.enable({apis: ["setTimeout"]});
  try {
    await begin(direct("d", BOB, {last: message(5, BOB)}));
    app.answers["GET /conversations/d"] = {conversation: direct("d", BOB, {last: message(8, BOB), unread: 1})};
    wrote("d", message(8, BOB));
    assert.equal(conversations.unread.value, 3);
    mock.timers.tick(5_000);
    await app.live.settled();
    assert.equal(conversations.unread.value, 1);
  } finally {
    mock.timers.reset();
  }
});

test("a group that one is removed from while it is asked for does not come back", async () => {
  await begin();
  let answer;
  app.answers["GET /conversations/g"] = () => new Promise((resolve) => (answer = resolve));
  updated("g", {name: "Traders", owner_id: "bob", member_count: 2, changes: [{action: "created"}]});
  updated("g", {removed: true});
  answer({conversation: group("g", "Traders", [BOB])});
  await app.live.settled();
  assert.equal(conversations.row("g"), null);
});

test("a group that was made while the list is fetched stays", async () => {
  await begin();
  let answer;
  app.answers["GET /conversations"] = () => new Promise((resolve) => (answer = resolve));
  const fetched = conversations.following.refresh();
  conversations.put(group("g", "Traders", [BOB]));
  answer({conversations: []});
  await fetched;
  assert.equal(conversations.row("g").title, "Traders");
  app.answers["GET /conversations"] = {conversations: []};
  await conversations.following.refresh();
  assert.equal(conversations.row("g"), null);
});

test("a group's name and members change in place", async () => {
  await begin(group("g", "Traders", [BOB, CAROL], {last: message(3, BOB)}));
  const changes = [{action: "renamed"}, {action: "removed", user_ids: ["carol"]}];
  updated("g", {name: "Analysts", owner_id: "me", member_count: 2, changes});
  const {title, others} = conversations.row("g");
  assert.deepEqual([title, others.map(({id}) => id)], ["Analysts", ["bob"]]);
  updated("g", {removed: true});
  assert.equal(conversations.row("g"), null);
});

test("a mention is marked until it is read", async () => {
  await begin(group("g", "Traders", [BOB], {last: message(3, BOB, {mentions: ["me"]}), unread: 1}));
  assert.equal(conversations.row("g").isMentioned, true);
  wrote("g", message(4, BOB));
  assert.equal(conversations.row("g").isMentioned, true);
  app.live.tell("message_read", {conversation_id: "g", user_id: "me", seq: 4});
  assert.equal(conversations.row("g").isMentioned, false);
  wrote("g", message(5, BOB, {mentions_all: true}));
  assert.equal(conversations.row("g").isMentioned, true);
  wrote("g", message(6, ME, {mentions: ["me"]}));
  assert.equal(conversations.row("g").isMentioned, false);
});

test("the last message is shown as it was changed, an older one changes nothing", async () => {
  await begin(direct("d", BOB, {last: message(5, BOB)}));
  app.live.tell("message_updated", {conversation_id: "d", message: message(5, BOB, {recalled: true, content: ""})});
  app.live.tell("message_updated", {conversation_id: "d", message: message(4, BOB, {content: "other"})});
  app.live.tell("new_message", {conversation_id: "d", message: message(4, BOB)});
  assert.equal(conversations.row("d").message.recalled, true);
  assert.equal(conversations.row("d").unread, 0);
});

test("what was missed while the connection was away is told, one's own messages are not", async () => {
  await begin(direct("d", BOB, {last: message(5, BOB)}), direct("e", CAROL, {last: message(1, CAROL)}));
  assert.equal(app.caughtUp.missed, 0);
  app.live.becomes("reconnecting");
  const others = group("g", "Traders", [BOB], {last: message(3, BOB), unread: 2});
  await begin(direct("d", BOB, {last: message(8, BOB), unread: 3}), direct("e", CAROL, {last: message(2, ME)}), others);
  assert.equal(app.caughtUp.missed, 5);
  await conversations.following.refresh();
  assert.equal(app.caughtUp.missed, 5);
});

test("a muting ends by itself", async () => {
  mock.timers.enable({apis: ["setTimeout", "Date"], now: Date.parse(at(0))});
  try {
    app.answers["GET /conversations"] = {
      conversations: [direct("d", BOB, {last: message(5, BOB), unread: 1, muted_until: at(60)})],
    };
    app.live.becomes("live");
    await app.live.settled();
    assert.deepEqual([conversations.row("d").isMuted, conversations.unread.value], [true, 0]);
    mock.timers.tick(61 * 60_000);
    assert.deepEqual([conversations.row("d").isMuted, conversations.unread.value], [false, 1]);
  } finally {
    mock.timers.reset();
  }
});

test("all is marked as read with one word to the server", async () => {
  await begin(direct("d", BOB, {last: message(5, BOB), unread: 3}));
  app.live.answers("mark_read", () => ({ok: true}));
  await conversations.markRead("d");
  assert.deepEqual(app.live.asked.at(-1), ["mark_read", {conversation_id: "d", seq: 5}]);
  assert.equal(conversations.unread.value, 0);
});

test("a conversation with one who is no friend any more stays as long as something was said", async () => {
  await begin(direct("d", BOB, {last: message(5, BOB)}), direct("e", CAROL));
  app.live.tell("friend_removed", {user_id: "bob"});
  app.live.tell("friend_removed", {user_id: "carol"});
  assert.deepEqual(titles(), ["Bob"]);
  assert.equal(conversations.row("d").isFriend, false);
});

test("names of people are the newest everywhere", async () => {
  await begin(direct("d", BOB, {last: message(5, BOB)}), group("g", "Traders", [BOB], {last: message(3, BOB)}));
  app.live.tell("profile_updated", {user: {...BOB, display_name: "Robert"}});
  assert.equal(conversations.row("d").title, "Robert");
  assert.equal(conversations.row("g").others[0].display_name, "Robert");
});

/** What a conversation needs of the app to be opened. */
function openable() {
  app.drafts = {of: () => ({text: ""}), set: () => {}};
  app.limits = {known: signal(null)};
  for (const event of ["mark_read", "mark_delivered", "typing"]) {
    app.live.answers(event, () => ({ok: true}));
  }
}

test("a conversation that is open is the same for everybody, and the list knows what it knows", async () => {
  openable();
  await begin(direct("d", BOB, {last: message(5, BOB), unread: 2}));
  const opened = conversations.open("d");
  assert.equal(conversations.openWith("bob"), opened);
  assert.equal(conversations.open("unknown"), null);
  const newest = message(6, BOB); // told to the connection that joins, by its answer alone
  app.live.answers("join_chat", () => ({
    conversation: direct("d", BOB, {last: newest, unread: 3, read: {me: 3}}),
    messages: [4, 5].map((seq) => message(seq, BOB)).concat(newest),
    updated: [],
    has_more: false,
  }));
  await opened.join();
  assert.equal(conversations.row("d").message.seq, 6);
  assert.equal(conversations.unread.value, 3);
  opened.read();
  assert.equal(conversations.unread.value, 0);
  app.live.tell("typing", {conversation_id: "d", user_id: "bob", is_typing: true});
  assert.deepEqual(conversations.typistsOf("d"), ["bob"]);
  opened.typists.clear();
});

test("a conversation that begins is listed under its id, and is still the same", async () => {
  openable();
  await begin();
  const opened = conversations.openWith("bob");
  assert.equal(conversations.openWith("bob"), opened);
  assert.equal(conversations.openWith("stranger"), null);
  app.live.answers("join_chat", () => ({conversation: direct("d", BOB), messages: [], updated: [], has_more: false}));
  app.answers["GET /conversations/d"] = {conversation: direct("d", BOB)};
  await opened.join();
  await app.live.settled();
  assert.equal(conversations.rowWith("bob").id, "d");
  assert.equal(conversations.open("d"), opened);
});

test("what has reached this device is told, also of conversations that were not opened", async () => {
  app.live.answers("mark_delivered", () => ({ok: true}));
  await begin(
    direct("d", BOB, {last: message(5, BOB), unread: 2, delivered: {[ME.id]: 3}}),
    group("g", "Traders", [BOB], {last: message(3, BOB), unread: 1, delivered: {[ME.id]: 3}}),
  );
  await app.live.settled();
  wrote("g", message(4, BOB));
  wrote("d", message(6, ME));
  await app.live.settled();
  const told = app.live.asked.filter(([event]) => event === "mark_delivered").map(([, payload]) => payload);
  assert.deepEqual(told, [
    {conversation_id: "d", seq: 5},
    {conversation_id: "g", seq: 4},
  ]);
});

test("a lost connection ends the telling of deliveries, and the next one begins it again", async () => {
  app.live.answers("mark_delivered", () => {
    throw new Error("lost");
  });
  await begin(direct("d", BOB, {last: message(5, BOB), unread: 2}));
  await app.live.settled();
  app.live.becomes("reconnecting");
  app.live.answers("mark_delivered", () => ({ok: true}));
  app.live.becomes("live");
  await app.live.settled();
  await app.live.settled();
  assert.equal(app.live.asked.filter(([event]) => event === "mark_delivered").length, 2);
});

test("what has not arrived yet stands in its row, by its time", async () => {
  await begin(direct("d", BOB, {last: message(5, BOB)}), group("g", "Traders", [BOB], {last: message(3, BOB)}));
  const {outbox, uploads} = app;
  const shown = () => conversations.list.value.map(({title, outgoing}) => [title, outgoing?.content]);
  const written = (content, minutes, more) => ({
    id: content,
    type: "text",
    content,
    at: Date.parse(at(minutes)),
    ...more,
  });
  outbox.list.value = [written("one", 6, {conversation: "g"}), written("two", 7, {conversation: "g"})];
  assert.deepEqual(shown().slice(0, 2), [
    ["Traders", "two"],
    ["Bob", undefined],
  ]);
  uploads.list.value = [written("picture", 8, {friend: "carol"})]; // a conversation that has not begun
  assert.deepEqual(shown()[0], ["Carol", "picture"]);
  wrote("g", message(4, ME, {client_msg_id: "two"})); // which the outbox is about to hear
  assert.deepEqual(shown()[1], ["Bob", undefined]);
  outbox.list.value = outbox.list.value.slice(0, 1);
  uploads.list.value = [];
  assert.deepEqual(shown().at(-1), ["Carol", undefined]);
});
