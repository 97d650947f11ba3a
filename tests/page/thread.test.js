import assert from "node:assert/strict";
import {test} from "node:test";
import {OwnTyping, Typists} from "#js/chat/typing.js";
import {Receipts} from "#js/chat/receipts.js";
import {extend, replace} from "#js/chat/stretch.js";
import {partsOf} from "#js/chat/thread/rich_text.js";
import {rowsOf} from "#js/chat/thread/rows.js";
import {membersFor, replaced, triggerAt} from "#js/chat/thread/trigger.js";

const ME = {id: "me"};
const BOB = {id: "bob"};
const message = (seq, sender, at, more = {}) => ({
  id: `m${seq}`,
  seq,
  sender,
  type: "text",
  created_at: at,
  client_msg_id: null,
  content: "",
  ...more,
});

test("messages are grouped by who wrote them within minutes, and by days", () => {
  const messages = [
    message(1, BOB, "2026-01-05T10:00:00"),
    message(2, BOB, "2026-01-05T10:04:00"),
    message(3, BOB, "2026-01-05T10:30:00"),
    message(4, ME, "2026-01-05T10:30:10", {client_msg_id: "x"}),
    message(5, ME, "2026-01-06T00:00:10"),
  ];
  const rows = rowsOf(messages, [], {me: ME, newFrom: null});
  const shape = rows.map(({kind, isFirst, isLast}) =>
    kind === "message" ? `${isFirst ? "(" : ""}m${isLast ? ")" : ""}` : kind,
  );
  assert.deepEqual(shape, ["day", "(m", "m)", "(m)", "(m)", "day", "(m)"]);
  assert.deepEqual(
    rows.map(({key}) => key).filter((key) => !key.startsWith("day")),
    ["seq 1", "seq 2", "seq 3", "own x", "seq 5"],
  );
});

test("the line of the new messages stands above the first, and ends a group", () => {
  const messages = [message(1, BOB, "2026-01-05T10:00:00"), message(2, BOB, "2026-01-05T10:00:01")];
  const rows = rowsOf(messages, [], {me: ME, newFrom: 2});
  assert.deepEqual(
    rows.map(({kind}) => kind),
    ["day", "message", "new", "message"],
  );
  assert.equal(rows[1].isLast, true);
  assert.equal(rows[3].isFirst, true);
});

test("what is on its way has the key that it has when it arrived", () => {
  const out = {id: "x", type: "text", content: "hi", at: Date.parse("2026-01-05T10:00:00"), state: "sending"};
  const [, row] = rowsOf([], [out], {me: ME, newFrom: null});
  assert.deepEqual([row.key, row.isMine, row.outgoing], ["own x", true, out]);
});

test("a stretch takes what follows it, once, and hands back what would leave a hole", () => {
  const [one, two, three, five] = [1, 2, 3, 5].map((seq) => message(seq, BOB, ""));
  const [stretch, rest] = extend([one, two], [five, two, three]);
  assert.deepEqual([stretch, rest], [[one, two, three], [five]]);
  assert.equal(extend(stretch, [two])[0], stretch);
  assert.equal(replace(stretch, {...five}), stretch);
});

test("a message that comes behind the last is put there without a look at those before", () => {
  const messages = Array.from({length: 1_000}, (_, index) => message(index + 1, BOB, ""));
  let looked = 0;
  const watched = messages.map((one) => ({
    ...one,
    get seq() {
      looked += 1;
      return one.seq;
    },
  }));
  const [stretch, rest] = extend(watched, [message(1_001, BOB, "")]);
  assert.ok(looked < 10, `looked at ${looked}`);
  assert.deepEqual([stretch.length, stretch.at(-1).seq, rest], [1_001, 1_001, []]);
});

test("links are found without the punctuation around them", () => {
  const links = (text) =>
    partsOf(text)
      .filter(({kind}) => kind === "link")
      .map(({text: link}) => link);
  assert.deepEqual(links("看https://a.example/b?c=1。还有 http://d.example."), [
    "https://a.example/b?c=1",
    "http://d.example",
  ]);
  assert.deepEqual(links("(https://a.example/b) <http://c.example>"), ["https://a.example/b", "http://c.example"]);
  assert.deepEqual(links("https://a.example/x_(y)"), ["https://a.example/x_(y)"]);
  assert.deepEqual(links("javascript:alert(1) data:text/html,x"), []);
  const text = "before https://a.example, after";
  assert.equal(
    partsOf(text)
      .map((part) => part.text)
      .join(""),
    text,
  );
});

test("mentions are those of the members that the server found, the longest name first", () => {
  const parts = partsOf("@bob 和 @Bobby, bob@bob.example @bobo", ["bob", "bobby"]);
  assert.deepEqual(
    parts.filter(({kind}) => kind === "mention").map(({text}) => text),
    ["@bob", "@Bobby", "@bob"],
  );
  assert.equal(
    partsOf("@nobody", ["bob"]).some(({kind}) => kind === "mention"),
    false,
  );
});

test("a name may hold signs that mean something in a pattern", () => {
  const names = ["li-wei", "a.b", "c_d"];
  assert.deepEqual(
    partsOf("@li-wei @a.b @axb @c_d", names)
      .filter(({kind}) => kind === "mention")
      .map(({text}) => text),
    ["@li-wei", "@a.b", "@c_d"],
  );
});

test("a sign before the caret asks for members or stocks", () => {
  assert.deepEqual(triggerAt("hi @bo", 6), {kind: "member", query: "bo", start: 3});
  assert.deepEqual(triggerAt("看$6005", 6), {kind: "stock", query: "6005", start: 1});
  assert.deepEqual(triggerAt("@", 1), {kind: "member", query: "", start: 0});
  assert.equal(triggerAt("me@example", 10), null);
  assert.equal(triggerAt("@bob is", 7), null);
  assert.deepEqual(replaced("hi @bo!", {start: 3}, 6, "@bob "), {text: "hi @bob !", caret: 8});
});

test("members whose names begin so come first", () => {
  const members = [
    {id: "1", username: "rob", display_name: "Bobby"},
    {id: "2", username: "zbo", display_name: "Zoe"},
    {id: "3", username: "carol", display_name: "Carol"},
  ];
  assert.deepEqual(
    membersFor("bo", members).map(({id}) => id),
    ["1", "2"],
  );
});

test("a message is read when all have read it, and tells who has", () => {
  const receipts = new Receipts();
  receipts.take({read: {bob: 3}, delivered: {carol: 3}});
  assert.equal(receipts.stateOf(3, ["bob", "carol"]), "delivered");
  assert.deepEqual([receipts.hasRead(3, "bob"), receipts.hasRead(3, "carol")], [true, false]);
  receipts.move("read", "carol", 3);
  assert.equal(receipts.stateOf(3, ["bob", "carol"]), "read");
  assert.equal(receipts.stateOf(4, ["bob", "carol"]), "sent");
  assert.equal(receipts.stateOf(1, []), "sent");
});

test("typing is told with the first key, again while it goes on, and when it pauses", (context) => {
  context.mock.timers.enable({apis: ["setTimeout", "Date"], now: 1_000_000});
  const told = [];
  const typing = new OwnTyping((isTyping) => told.push(isTyping));
  typing.key();
  typing.key();
  assert.deepEqual(told, [true]);
  context.mock.timers.tick(3_000);
  typing.key();
  assert.deepEqual(told, [true, true]);
  context.mock.timers.tick(4_000);
  assert.deepEqual(told, [true, true, false]);
  typing.stop();
  assert.deepEqual(told, [true, true, false]);
  typing.key();
  typing.stop();
  assert.deepEqual(told, [true, true, false, true, false]);
});

test("others who type are forgotten by themselves", (context) => {
  context.mock.timers.enable({apis: ["setTimeout"]});
  const typists = new Typists();
  typists.hear({user_id: "bob", is_typing: true});
  context.mock.timers.tick(5_000);
  typists.hear({user_id: "bob", is_typing: true});
  context.mock.timers.tick(5_000);
  assert.deepEqual(typists.ids.value, ["bob"]);
  context.mock.timers.tick(1_000);
  assert.deepEqual(typists.ids.value, []);
  typists.hear({user_id: "bob", is_typing: true});
  typists.forget("bob");
  assert.deepEqual(typists.ids.value, []);
});
