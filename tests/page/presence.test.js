import assert from "node:assert/strict";
import {afterEach, beforeEach, mock, test} from "node:test";
import {FakeLive} from "./support.js";
import {Presence} from "#js/chat/presence.js";

const FIVE_MINUTES = 5 * 60_000;
let live, page;

beforeEach(() => {
  mock.timers.enable({apis: ["setTimeout"]});
  live = new FakeLive();
  live.answers("set_presence", () => ({ok: true}));
  page = {window: new EventTarget(), document: Object.assign(new EventTarget(), {hidden: false})};
  new Presence({live}, page);
  live.becomes("live");
});

afterEach(() => mock.timers.reset());

const told = () => live.asked.map(([, {state}]) => state);
const hide = (hidden) => {
  page.document.hidden = hidden;
  page.document.dispatchEvent(new Event("visibilitychange"));
};

test("a page without input for five minutes rests until the next", () => {
  mock.timers.tick(FIVE_MINUTES - 1);
  page.window.dispatchEvent(new Event("keydown"));
  mock.timers.tick(FIVE_MINUTES - 1);
  assert.deepEqual(told(), []);
  mock.timers.tick(1);
  assert.deepEqual(told(), ["idle"]);
  page.window.dispatchEvent(new Event("pointermove"));
  assert.deepEqual(told(), ["idle", "online"]);
});

test("a hidden page rests at once, and stays so whatever moves", () => {
  hide(true);
  page.window.dispatchEvent(new Event("pointermove"));
  assert.deepEqual(told(), ["idle"]);
  hide(false);
  assert.deepEqual(told(), ["idle", "online"]);
});

test("a new connection is told when the page rests", () => {
  hide(true);
  live.becomes("reconnecting");
  live.becomes("live");
  assert.deepEqual(told(), ["idle", "idle"]);
  hide(false);
  live.becomes("reconnecting");
  live.becomes("live");
  assert.deepEqual(told(), ["idle", "idle", "online"]);
});
