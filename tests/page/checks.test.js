import assert from "node:assert/strict";
import test from "node:test";
import {signal} from "@preact/signals";
import {CheckRun, Failure} from "#js/diagnostics/checks/run.js";

const identity = (token) => ({token: signal(token)});
const states = (run) => Object.fromEntries(Object.entries(run.results.value).map(([name, {state}]) => [name, state]));

test("each check ends green, red or skipped, with its time, what was seen and what to do", async () => {
  const checks = [
    {name: "works", run: async () => "seen", advice: "health"},
    {name: "fails", run: () => Promise.reject(new Failure("closed with 1006")), advice: "proxy"},
    {name: "refused", run: () => Promise.reject(new Failure("no", "token")), advice: "proxy"},
    {name: "guarded", run: async () => "", advice: "event", needsToken: true},
  ];
  const run = new CheckRun(checks, identity(""));
  await run.all();
  assert.deepEqual(states(run), {works: "green", fails: "red", refused: "red", guarded: "skipped"});
  const {works, fails, refused} = run.results.value;
  assert.equal(works.seen, "seen");
  assert.ok(works.milliseconds >= 0);
  assert.deepEqual([fails.seen, fails.advice], ["closed with 1006", "diagnostics.advice_proxy"]);
  assert.equal(refused.advice, "diagnostics.advice_token");
  assert.deepEqual([run.count("green"), run.count("red"), run.count("skipped")], [1, 2, 1]);
  assert.equal(run.isRunning.value, false);
});

test("one for which nothing comes is red, and cleaned up like every other", async () => {
  const ended = [];
  const leave = (name) => ({
    name,
    advice: "proxy",
    patience: 1,
    run({later}) {
      later(() => ended.push(`${name} first`));
      later(() => ended.push(`${name} last`));
      return name === "waits" ? new Promise(() => {}) : Promise.resolve("");
    },
  });
  const run = new CheckRun([leave("waits"), leave("works")], identity(""));
  await run.all();
  assert.deepEqual(states(run), {waits: "red", works: "green"});
  assert.deepEqual(ended, ["waits last", "waits first", "works last", "works first"]);
});

test("what cannot be cleaned up ends nothing else", async () => {
  const run = new CheckRun(
    [
      {
        name: "one",
        advice: "proxy",
        run: async ({later}) =>
          later(() => {
            throw new Error("gone already");
          }),
      },
    ],
    identity(""),
  );
  await run.all();
  assert.deepEqual(states(run), {one: "green"});
});

test("a token does not stand in what was seen", async () => {
  const failing = {
    name: "one",
    advice: "proxy",
    run: ({token}) => Promise.reject(new Failure(`?token=${token} failed`)),
  };
  const run = new CheckRun([failing], identity("secret"));
  await run.one("one");
  assert.equal(run.results.value.one.seen, "?token=… failed");
});

test("slow checks begin first and go on beside the others", async () => {
  const order = [];
  let finish;
  const slow = {
    name: "slow",
    advice: "heartbeat",
    isSlow: true,
    run: () => {
      order.push("slow begins");
      return new Promise((resolve) => (finish = resolve));
    },
  };
  const quick = {
    name: "quick",
    advice: "proxy",
    run: async () => {
      order.push("quick");
      finish("");
    },
  };
  await new CheckRun([quick, slow], identity("")).all();
  assert.deepEqual(order, ["slow begins", "quick"]);
});
