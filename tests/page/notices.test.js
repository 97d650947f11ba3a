import assert from "node:assert/strict";
import {test} from "node:test";
import {span} from "#js/core/format.js";
import {place} from "#js/core/router.js";
import {useTexts} from "#js/core/texts.js";
import {byDay, nameOf} from "#js/notices/days.js";
import {isAbout, kindOf, targetOf} from "#js/notices/kinds.js";
import {Notices} from "#js/notices/notices.js";
import {isTeller} from "#js/notices/telling.js";
import {KeptWishes} from "#js/notices/wishes.js";
import {wordsOf} from "#js/notices/words.js";
import {FakeLive, FakeSession} from "./support.js";

const notice = (id, more = {}) => ({
  id,
  title: `title ${id}`,
  content: "",
  type: "news",
  link: "",
  source: "",
  created_at: "2026-11-20T10:00:00+00:00",
  status: "unread",
  ...more,
});

/** Notices of somebody who has these on the server. */
async function inbox(...stored) {
  const [live, session] = [new FakeLive(), new FakeSession()];
  const server = {stored: [...stored]};
  session.answers("GET /notifications", (_, {status, type, before = "9"}) => {
    const found = server.stored.filter(
      (one) => one.id < before && (!status || one.status === status) && (!type || one.type === type),
    );
    return {notifications: found.slice(0, 2), has_more: found.length > 2};
  });
  session.answers("GET /notifications/unread_count", () => ({
    count: server.stored.filter(({status}) => status === "unread").length,
  }));
  const notices = new Notices({live, session});
  live.becomes("live");
  await live.settled();
  return {notices, live, session, server};
}

const ids = (notices, filter = "all") => notices.list(filter).map(({id}) => id);

test("what is fetched and what comes live stand in order, each once", async () => {
  const {notices, live} = await inbox(notice("3"), notice("2"), notice("1"));
  const heard = [];
  notices.onArrival(({id}) => heard.push(id));
  live.tell("notification", notice("4"));
  live.tell("notification", notice("4"));
  live.tell("notification", notice("3"));
  live.tell("unread_counts", {notifications: 4});
  assert.deepEqual(ids(notices), ["4", "3", "2"]);
  assert.deepEqual(heard, ["4"]);
  assert.equal(notices.unread.value, 4);
  await notices.more("all");
  assert.deepEqual(ids(notices), ["4", "3", "2", "1"]);
  assert.equal(notices.hasMore("all"), false);
});

test("after a gap there is neither a hole nor a double, and nothing of it is told as news", async () => {
  const {notices, live, server} = await inbox(notice("2"), notice("1"));
  const heard = [];
  notices.onArrival(({id}) => heard.push(id));
  live.becomes("reconnecting");
  server.stored = [notice("7"), notice("6"), notice("5"), notice("2"), notice("1")];
  live.becomes("live");
  live.tell("notification", notice("7")); // while it is fetched
  await live.settled();
  assert.deepEqual(ids(notices), ["7", "6"]);
  assert.deepEqual(heard, []);
  await notices.more("all");
  assert.deepEqual(ids(notices), ["7", "6", "5", "2"]);
});

test("another device reads some, then all up to one, and deletes", async () => {
  const {notices, live} = await inbox(notice("3"), notice("2"));
  live.tell("notifications_read", {ids: ["3"]});
  assert.deepEqual(
    notices.list("all").map(({status}) => status),
    ["read", "unread"],
  );
  live.tell("notifications_read", {through: "2"});
  assert.deepEqual(
    notices.list("all").map(({status}) => status),
    ["read", "read"],
  );
  live.tell("notifications_removed", {ids: ["3"]});
  assert.deepEqual(ids(notices), ["2"]);
});

test("reading one and all is shown at once; what is refused is fetched anew", async () => {
  const {notices, live, session} = await inbox(notice("3"), notice("2"));
  const through = notices.seeAll();
  assert.equal(notices.unread.value, 0);
  notices.unseeAll(through);
  session.answers("POST /notifications/3/read", () => null);
  await notices.read("3");
  await notices.read("3");
  assert.equal(session.count("POST /notifications/3/read"), 1);
  assert.equal(notices.unread.value, 1);
  session.answers("POST /notifications/read_all", () => {
    throw new Error("away");
  });
  await assert.rejects(notices.readAll(notices.seeAll()), /away/);
  await live.settled();
  assert.equal(notices.unread.value, 2);
  assert.equal(notices.list("unread").length, 0); // its first page is asked for when somebody looks
});

test("that all are read can be taken back until it is done, and means none that comes later", async () => {
  const {notices, live, session} = await inbox(notice("3"), notice("2", {status: "read"}));
  const read = [];
  session.answers("POST /notifications/read_all", (_, {through}) => void read.push(through));
  const first = notices.seeAll();
  assert.deepEqual([ids(notices, "unread"), notices.list("all").map(({status}) => status)], [[], ["read", "read"]]);
  live.tell("notification", notice("4"));
  live.tell("unread_counts", {notifications: 2});
  assert.equal(notices.unread.value, 1);
  notices.unseeAll(first);
  assert.equal(notices.unread.value, 2);
  const second = notices.seeAll();
  live.tell("notification", notice("5"));
  notices.unseeAll(first); // an older wish
  assert.equal(notices.unread.value, 1);
  await notices.readAll(second);
  assert.deepEqual([read, notices.unread.value], [["4"], 1]);
  assert.deepEqual(
    notices.list("all").map(({status}) => status),
    ["unread", "read", "read", "read"],
  );
});

test("a deletion can be taken back until it is done", async () => {
  const {notices, session} = await inbox(notice("3"), notice("2"));
  session.answers("DELETE /notifications/3", () => null);
  notices.hide("3");
  assert.deepEqual(ids(notices), ["2"]);
  assert.equal(notices.unread.value, 1);
  notices.keep("3");
  assert.deepEqual(ids(notices), ["3", "2"]);
  assert.equal(session.count("DELETE /notifications/3"), 0);
  notices.hide("3");
  await notices.remove("3");
  assert.equal(session.count("DELETE /notifications/3"), 1);
  assert.deepEqual(ids(notices), ["2"]);
});

test("a deletion that fails brings the notification back, and is told", async () => {
  const {notices, session} = await inbox(notice("3"));
  session.answers("DELETE /notifications/3", () => {
    throw new Error("away");
  });
  notices.hide("3");
  await assert.rejects(notices.remove("3"), /away/);
  assert.deepEqual(ids(notices), ["3"]);
});

test("who is at the place a notification is about has read it", async () => {
  const {notices, live, session, server} = await inbox(notice("3", {link: "/#/market/600519.SH"}), notice("2"));
  session.answers("POST /notifications/3/read", () => null);
  session.answers("POST /notifications/4/read", () => null);
  place.value = {area: "market", path: ["600519.SH"]};
  assert.deepEqual(ids(notices, "all"), ["3", "2"]);
  assert.equal(notices.unread.value, 1);
  const seen = [];
  notices.onArrival((_, {isSeen}) => seen.push(isSeen));
  live.tell("notification", notice("4", {link: "/#/market/600519.SH"}));
  live.tell("notification", notice("5"));
  assert.deepEqual(seen, [true, false]);
  server.stored = [notice("6", {link: "/#/market/600519.SH"})];
  session.answers("POST /notifications/6/read", () => null);
  await notices.following.refresh();
  assert.equal(notices.unread.value, 0);
  assert.equal(session.count("POST /notifications/4/read"), 1);
  place.value = {area: "", path: []};
});

test("links lead to places of the page, and never to another scheme", () => {
  const hrefOf = (more) => targetOf(notice("1", more))?.href;
  assert.equal(hrefOf({link: "/#/market/000001.SH", source: "task:t1"}), "#/tasks/t1");
  assert.equal(hrefOf({link: "/#/market"}), "#/market");
  assert.deepEqual(targetOf(notice("1", {link: "https://example.com/"})), {
    href: "https://example.com/",
    isOutside: true,
  });
  for (const link of ["", "/", "javascript:alert(1)", "//evil.example", "/\\evil.example", "data:text/html,x"]) {
    assert.equal(targetOf(notice("1", {link})), null, link);
  }
});

test("a notification is about the very place, not about its area", () => {
  const about = notice("1", {link: "/#/chat/c1"});
  assert.equal(isAbout(about, {area: "chat", path: ["c1"]}), true);
  assert.equal(isAbout(about, {area: "chat", path: ["c2"]}), false);
  assert.equal(isAbout(notice("1", {link: "/#/chat"}), {area: "chat", path: []}), false);
});

test("how much an unknown type matters is seen by its name", () => {
  assert.equal(kindOf("system_error").severity, "bad");
  assert.equal(kindOf("maintenance").severity, "warn");
  assert.deepEqual(kindOf("news"), {icon: "bell", severity: "info"});
});

test("days are grouped by the clock of whoever reads", () => {
  const noon = new Date(2026, 10, 20, 12);
  const at = (hours) => ({created_at: new Date(noon.getTime() + hours * 3_600_000).toISOString()});
  const days = byDay([at(3), at(-3), at(-13), at(-40)]);
  assert.deepEqual(
    days.map(({notices}) => notices.length),
    [2, 1, 1],
  );
  assert.deepEqual(
    days.map(({day}) => nameOf(day, noon.getTime())),
    ["today", "yesterday", ""],
  );
});

test("how long notifications are kept is said in the largest unit of which there is one", () => {
  const said = (...seconds) => seconds.map(span);
  useTexts("en", {});
  assert.deepEqual(said(90 * 86_400, 86_400, 129_600, 3_600), ["90 days", "1 day", "1.5 days", "1 hour"]);
  assert.deepEqual(said(864, 60, 1, 0), ["14.4 minutes", "1 minute", "1 second", "0 seconds"]);
  useTexts("zh-CN", {});
  assert.deepEqual(said(86_400, 90 * 86_400), ["1天", "90天"]);
});

test("one tab alone tells, one that is looked at first", async () => {
  const held = new Set();
  const locks = {
    async request(name, {ifAvailable}, work) {
      assert.equal(ifAvailable, true);
      const isFree = !held.has(name);
      held.add(name);
      await work(isFree ? {} : null);
    },
  };
  const pause = () => new Promise((resolve) => setImmediate(resolve));
  const tabs = [true, true, false].map((isHidden) => isTeller("1", {isHidden, locks, pause}));
  assert.deepEqual(await Promise.all(tabs), [false, false, true]);
  const hidden = [true, true].map((isHidden) => isTeller("2", {isHidden, locks, pause}));
  assert.deepEqual((await Promise.all(hidden)).filter(Boolean), [true]);
});

/** What somebody wishes, and a server that answers a change when the test says so. */
async function wished() {
  const session = new FakeSession();
  const server = {kept: {muted_types: [], quiet_hours: null}, answers: []};
  session.answers("GET /notifications/preferences", () => server.kept);
  session.answers(
    "PUT /notifications/preferences",
    (body) =>
      new Promise((resolve, reject) => {
        const take = () => {
          server.kept = body;
          resolve(body);
        };
        server.answers.push({take, refuse: () => reject(new Error("away"))});
      }),
  );
  const wishes = new KeptWishes(session);
  await wishes.load();
  return {wishes, server, session};
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("changes in quick succession are sent one after the other, and all hold", async () => {
  const {wishes, server, session} = await wished();
  const quiet_hours = {from: "22:00", to: "07:00", zone: "UTC"};
  const changes = [wishes.change({muted_types: ["news"]}), wishes.change({quiet_hours})];
  assert.deepEqual(wishes.kept.value, {muted_types: ["news"], quiet_hours});
  await turn();
  assert.equal(session.count("PUT /notifications/preferences"), 1);
  server.answers[0].refuse();
  await turn();
  server.answers[1].take();
  await Promise.all(changes);
  assert.deepEqual(server.kept, {muted_types: ["news"], quiet_hours});
  assert.deepEqual(wishes.kept.value, server.kept);
});

test("a change that is refused is taken back to what the server keeps", async () => {
  const {wishes, server} = await wished();
  const asked = wishes.change({muted_types: ["news"]});
  await turn();
  server.kept = {muted_types: ["system"], quiet_hours: null}; // another device was quicker
  server.answers[0].refuse();
  await assert.rejects(asked, /away/);
  assert.deepEqual(wishes.kept.value, server.kept);
});

test("a change that cannot be sent is taken back, although nobody can say what the server keeps", async () => {
  const {wishes, server, session} = await wished();
  const asked = wishes.change({muted_types: ["news"]});
  await turn();
  session.answers("GET /notifications/preferences", () => {
    throw new Error("away as well");
  });
  server.answers[0].refuse();
  await assert.rejects(asked, /away/);
  assert.deepEqual(wishes.kept.value.muted_types, []);
  assert.match(wishes.error.value.message, /as well/);
});

test("what the product tells is said in the reader's language, all else as it came", () => {
  useTexts("en", {"notices.friend_request.title": "Friend request", "notices.friend_request.content": "{name} asks"});
  const [title, content] = ["好友请求", "小明 想加你为好友"];
  const text = {key: "notices.friend_request", values: {name: "小明"}};
  assert.deepEqual(wordsOf({title, content, text}), {title: "Friend request", content: "小明 asks"});
  assert.deepEqual(wordsOf({title, content, text: {key: "notices.of_tomorrow", values: {}}}), {title, content});
  assert.deepEqual(wordsOf({title, content}), {title, content});
});
