import assert from "node:assert/strict";
import {afterEach, beforeEach, mock, test} from "node:test";
import {BOB, CAROL, FakeApp} from "./chat_support.js";
import {PeopleSearch} from "#js/chat/people/search.js";

let app, search;

beforeEach(() => {
  mock.timers.enable({apis: ["setTimeout"]});
  app = new FakeApp();
  search = new PeopleSearch(app);
});

afterEach(() => mock.timers.reset());

const path = (query) => `GET /users?query=${query}&limit=50`;

test("one search is made when the typing pauses", async () => {
  app.answers[path("bo")] = {users: [BOB]};
  search.search("b");
  search.search("bo");
  mock.timers.tick(1_000);
  await app.live.settled();
  assert.deepEqual(app.requests, [path("bo")]);
  assert.deepEqual(search.found.value, [BOB]);
  assert.equal(search.isBusy.value, false);
});

test("an answer to an older question is not shown", async () => {
  let late;
  app.answers[path("b")] = () => new Promise((resolve) => (late = resolve));
  app.answers[path("c")] = {users: [CAROL]};
  search.search("b");
  mock.timers.tick(1_000);
  search.search("c");
  mock.timers.tick(1_000);
  await app.live.settled();
  late({users: [BOB]});
  await app.live.settled();
  assert.deepEqual(search.found.value, [CAROL]);
  search.search("");
  assert.equal(search.found.value, null);
});

test("a search that fails says why until one succeeds", async () => {
  search.search("b");
  mock.timers.tick(1_000);
  await app.live.settled();
  assert.equal(search.error.value.code, "not_found");
  app.answers[path("bo")] = {users: []};
  search.search("bo");
  mock.timers.tick(1_000);
  await app.live.settled();
  assert.equal(search.error.value, null);
  assert.deepEqual(search.found.value, []);
});
