import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {BOB, CAROL, ME, direct, friend, group, message} from "./chat_support.js";
import {entryOf} from "#js/chat/entries.js";
import {mayDo} from "#js/chat/groups.js";
import {inWords} from "#js/chat/people/actions.js";
import {previewText} from "#js/chat/preview.js";
import {systemText} from "#js/chat/thread/system_text.js";
import {FILTERS, matches, rowsOf} from "#js/chat/rows.js";
import {brief} from "#js/core/format.js";
import {Refusal} from "#js/core/session.js";
import {useTexts} from "#js/core/texts.js";

const friends = new Map([BOB, CAROL].map((user) => [user.id, friend(user)]));
const views = [
  direct("d", {...BOB, username: "bobby"}, {last: message(5, BOB), unread: 1}),
  group("g", "量化交流", [BOB], {last: message(4, BOB)}),
];
const rows = rowsOf(
  views.map((view) => entryOf(view, "me")),
  friends,
  "me",
  0,
);
const found = (wanted) => rows.filter((row) => matches(row, wanted)).map(({title}) => title);

test("rows are found by title, username and a group's members", () => {
  assert.deepEqual(found("量化"), ["量化交流"]);
  assert.deepEqual(found("BOB"), ["Bob", "量化交流"]);
  assert.deepEqual(found("bob 交流"), ["量化交流"]);
  assert.deepEqual(found("car"), ["Carol"]);
  assert.deepEqual(found("me"), []); // who searches is in all of them
});

test("filters narrow the list", () => {
  const titles = (filter) => rows.filter(FILTERS[filter]).map(({title}) => title);
  assert.deepEqual(titles("all"), ["Bob", "量化交流", "Carol"]);
  assert.deepEqual(titles("unread"), ["Bob"]);
  assert.deepEqual(titles("groups"), ["量化交流"]);
});

test("what is offered in a group follows the ranks", () => {
  const offered = (own, other) => Object.keys(mayDo(own, other)).filter((action) => mayDo(own, other)[action]);
  assert.deepEqual(offered("owner", "member"), ["remove", "promote", "handOver"]);
  assert.deepEqual(offered("owner", "admin"), ["remove", "demote", "handOver"]);
  assert.deepEqual(offered("admin", "member"), ["remove"]);
  assert.deepEqual(offered("admin", "admin"), []);
  assert.deepEqual(offered("member", "member"), []);
});

test("the time of a row is as short as its age allows", () => {
  const now = new Date(2026, 0, 8, 12);
  const shown = (...date) => brief(new Date(...date), now);
  useTexts("en", {});
  assert.equal(shown(2026, 0, 8, 9, 5), "09:05");
  assert.equal(shown(2026, 0, 7, 23, 59), "yesterday");
  assert.equal(shown(2026, 0, 5, 9), "Mon");
  assert.equal(shown(2026, 0, 1, 9), "Jan 1");
  assert.equal(shown(2025, 11, 31, 9), "Dec 31, 2025");
  useTexts("zh-CN", {});
  assert.equal(shown(2026, 0, 7, 9), "昨天");
  assert.equal(shown(2026, 0, 5, 9), "周一");
  assert.equal(shown(2026, 0, 1, 9), "1月1日");
});

function speak(name) {
  const read = (area) => JSON.parse(readFileSync(new URL(`../../static/texts/${name}/${area}.json`, import.meta.url)));
  useTexts(name, {...read("chat"), ...read("thread")});
}

test("a row says in one line what was said last, and by whom where that is not plain", () => {
  speak("en");
  const said = (view, last) =>
    previewText(rowsOf([entryOf({...view, last_message: last}, "me")], friends, "me", 0)[0], "me");
  const [one, many] = views;
  assert.equal(previewText({...rows[0], outgoing: {type: "text", content: "not sent"}}, "me"), "You: not sent");
  assert.equal(said(one, message(1, BOB, {content: "two\nlines"})), "two lines");
  assert.equal(said(one, message(1, ME)), "You: message 1");
  assert.equal(said(many, message(1, BOB)), "Bob: message 1");
  assert.match(said(many, message(1, BOB, {recalled: true, content: ""})), /^Bob: .*recalled/);
  assert.match(said(many, message(1, BOB, {type: "file", content: "", file: {name: "a.pdf"}})), /^Bob: .*a\.pdf/);
  const added = {action: "added", actor_id: "bob", user_ids: ["me"]};
  const told = (people) => said(many, message(1, BOB, {type: "system", content: "", system: added, people}));
  assert.equal(told([{id: "me"}]), "Bob added you");
  added.user_ids = ["me", "zoe", "yan"];
  assert.equal(told([{id: "me"}, {id: "zoe", display_name: "Zoe"}]), "Bob added you, Zoe and 1 more");
});

test("a refusal is said in words that fit what was tried", () => {
  speak("en");
  const refusal = new Refusal("limit_reached", "limit reached");
  assert.equal(inWords(refusal, "pin").message, "At most 20 conversations can be pinned");
  assert.equal(inWords(refusal, "mute"), refusal);
  const lost = new Error("lost");
  assert.equal(inWords(lost, "pin"), lost);
});

test("Chinese has a space around a Latin name, and none around a Chinese one", () => {
  const removed = (sender, person) =>
    systemText(
      {system: {action: "removed", user_ids: ["x"]}, sender, people: [person]},
      (one) => one.display_name,
      "me",
    );
  const [wei, na] = [
    {id: "wei", display_name: "张 伟"},
    {id: "na", display_name: "李娜"},
  ];
  speak("zh-CN");
  assert.equal(removed(BOB, CAROL), "Bob 将 Carol 移出群聊");
  assert.equal(removed(ME, na), "你将李娜移出群聊");
  assert.equal(removed(wei, ME), "张 伟将你移出群聊");
  speak("en");
  assert.equal(removed(na, ME), "李娜 removed you");
});
