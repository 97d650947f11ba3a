import assert from "node:assert/strict";
import {test} from "node:test";
import {follow} from "#js/core/follow.js";
import {Refusal} from "#js/core/session.js";
import {FakeLive} from "./support.js";

test("events that come while a fetch is under way are applied after it", async () => {
  const live = new FakeLive();
  const seen = [];
  const answer = deferred();
  const following = follow(live, {fetch: () => answer.promise, take: (it) => seen.push(it), events: {news: (it) => seen.push(it)}});
  live.becomes("live");
  live.tell("news", "second");
  assert.deepEqual(seen, []);
  answer.resolve("first");
  await live.settled();
  live.tell("news", "third");
  assert.deepEqual(seen, ["first", "second", "third"]);
  assert.equal(following.state.value, "ready");
});

test("a first fetch that fails is an error, a later one is not", async () => {
  const live = new FakeLive();
  let problem = new Error("away");
  const fetch = async () => {
    if (problem) {
      throw problem;
    }
    return 1;
  };
  const following = follow(live, {fetch, take: () => {}});
  live.becomes("live");
  await live.settled();
  assert.equal(following.state.value, "error");
  assert.equal(following.error.value, problem);
  problem = null;
  await following.refresh();
  assert.equal(following.state.value, "ready");
  problem = new Error("away again");
  await following.refresh();
  assert.equal(following.state.value, "ready");
  following.stop();
});

test("what is refused for good is not asked again with this connection, another failure is", async (context) => {
  context.mock.timers.enable({apis: ["setTimeout"]});
  const live = new FakeLive();
  let asked = 0;
  let problem = new Refusal("unavailable", "the database is away");
  const following = follow(live, {
    fetch: async () => {
      asked += 1;
      throw problem;
    },
    take: () => {},
  });
  live.becomes("live");
  await live.settled();
  problem = new Refusal("not_found", "not there");
  context.mock.timers.tick(1_000);
  await live.settled();
  assert.equal(asked, 2);
  context.mock.timers.tick(60_000);
  await live.settled();
  assert.equal(asked, 2);
  following.stop();
});

function deferred() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return {promise, resolve};
}
