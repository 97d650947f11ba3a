import assert from "node:assert/strict";
import {test} from "node:test";
import {AckTimeout, ConnectionLost} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";
import {Book} from "#js/market/models/book.js";
import {Quotes} from "#js/market/models/quotes.js";
import {fitting, isMany, MAX_SUBSCRIPTIONS} from "#js/market/models/subscriptions.js";
import {FakeLive} from "./support.js";

const row = (symbol) => ({
  symbol,
  price: 10,
  change: 0,
  change_percent: 0,
  volume: 1,
  timestamp: "2026-01-05T10:00:00.000+08:00",
});

function made({rows = [], answer} = {}) {
  const live = new FakeLive();
  live.answers("subscribe_prices", answer ?? (() => ({data: rows, count: rows.length, timestamp: "now"})));
  live.answers("unsubscribe_prices", () => ({}));
  const requested = [];
  const session = {
    async request(method, path) {
      requested.push(path);
      return {quotes: []};
    },
  };
  const quotes = new Quotes({session, live}, new Book(() => {}));
  return {live, quotes, requested, asked: () => live.asked.map(([event, {target}]) => `${event} ${target}`)};
}

test("what is watched is subscribed to once, and given up when nobody watches", async () => {
  const {live, quotes, asked} = made();
  const stops = [quotes.watch([["stock", "600519.SH"]]), quotes.watch([["stock", "600519.SH"]])];
  await live.settled();
  assert.deepEqual(asked(), []);
  live.becomes("live");
  await live.settled();
  assert.deepEqual(asked(), ["subscribe_prices 600519.SH"]);
  assert.equal(quotes.held.value, 1);
  stops[0]();
  await live.settled();
  assert.equal(quotes.held.value, 1);
  stops[1]();
  await live.settled();
  assert.deepEqual(asked(), ["subscribe_prices 600519.SH", "unsubscribe_prices 600519.SH"]);
  assert.equal(quotes.held.value, 0);
});

test("a view that follows another on the same target changes nothing", async () => {
  const {live, quotes, asked} = made();
  live.becomes("live");
  const stop = quotes.watch([["market", "ALL"]]);
  await live.settled();
  stop();
  const stopAgain = quotes.watch([["market", "ALL"]]);
  await live.settled();
  assert.deepEqual(asked(), ["subscribe_prices ALL"]);
  stopAgain();
  await live.settled();
});

test("each new connection subscribes anew", async () => {
  const {live, quotes, asked} = made();
  live.becomes("live");
  const stop = quotes.watch([["market", "SH"]]);
  await live.settled();
  live.becomes("reconnecting");
  live.becomes("live");
  await live.settled();
  assert.deepEqual(asked(), ["subscribe_prices SH", "subscribe_prices SH"]);
  stop();
  await live.settled();
});

test("a target knows its members, from the ack and from pushes, and asks for the whole quotes", async () => {
  const {live, quotes, requested} = made({rows: [row("600519.SH")]});
  live.becomes("live");
  const stops = [quotes.watch([["strategy", "ma_cross"]]), quotes.watch([["market", "SZ"]])];
  await live.settled();
  live.tell("price_update", {
    subscription_type: "strategy",
    target: "ma_cross",
    data: [row("000001.SZ")],
    timestamp: "then",
  });
  assert.deepEqual(quotes.target("strategy", "ma_cross").members.value, ["600519.SH", "000001.SZ"]);
  assert.equal(quotes.target("strategy", "ma_cross").state.value, "ready");
  assert.equal(quotes.pushedAt.value, "then");
  assert.deepEqual(requested, ["/market/quotes?market=SZ"]); // it holds the other's as well, as far as the acks say
  stops.forEach((stop) => stop());
  await live.settled();
});

test("what the server refuses is told, and asked for again on demand", async () => {
  const refusal = new Refusal("invalid_input", "no such strategy");
  let isRefused = true;
  const answer = () => {
    if (isRefused) {
      throw refusal;
    }
    return {data: [], timestamp: "now"};
  };
  const {live, quotes, asked} = made({answer});
  live.becomes("live");
  const stop = quotes.watch([["strategy", "x"]]);
  await live.settled();
  const target = quotes.target("strategy", "x");
  assert.equal(target.state.value, "error");
  assert.equal(target.error.value, refusal);
  assert.equal(quotes.held.value, 0);
  quotes.watch([["market", "ALL"]]);
  await live.settled();
  assert.deepEqual(asked(), ["subscribe_prices x", "subscribe_prices ALL"]);
  isRefused = false;
  target.refresh();
  await live.settled();
  assert.equal(target.state.value, "ready");
  stop();
  await live.settled();
});

test("more stocks than a connection may hold are all shares at once, and the indices beside them", () => {
  const shares = Array.from({length: 200}, (_, index) => `stock:${600000 + index}.SH`);
  const keys = [...shares, "stock:000001.SH", "strategy:ma_cross"];
  const chosen = fitting(keys);
  assert.equal(chosen.length, MAX_SUBSCRIPTIONS);
  assert.deepEqual(chosen.slice(0, 3), ["market:ALL", "strategy:ma_cross", "stock:000001.SH"]);
  assert.deepEqual(fitting(shares.slice(0, 128)), shares.slice(0, 128));
  assert.deepEqual(
    fitting([...shares, "market:ALL"]).filter((key) => key === "market:ALL"),
    ["market:ALL"],
  );
});

test("a stock that is not known whole is asked for soon, but not again and again", async (t) => {
  t.mock.timers.enable({apis: ["setTimeout", "Date"], now: 1_000_000});
  const {live, quotes, requested} = made({rows: [row("600519.SH")]});
  live.becomes("live");
  const stop = quotes.watch([["stock", "600519.SH"]]);
  await live.settled();
  assert.deepEqual(requested, ["/market/quotes?symbols=600519.SH"]);
  const pushed = {subscription_type: "stock", target: "600519.SH", data: [row("600519.SH")], timestamp: "now"};
  t.mock.timers.tick(20_000);
  live.tell("price_update", pushed);
  t.mock.timers.tick(1_000);
  assert.equal(requested.length, 2);
  await live.settled();
  live.tell("price_update", pushed);
  t.mock.timers.tick(1_000);
  assert.equal(requested.length, 2);
  t.mock.timers.tick(120_000);
  assert.equal(requested.length, 3);
  stop();
  await live.settled();
});

test("a subscription that fails for now is told and asked for again, and the whole quotes go on", async (t) => {
  t.mock.timers.enable({apis: ["setTimeout", "Date"], now: 1_000_000});
  let problem = null;
  const answer = () => {
    if (problem) {
      throw problem;
    }
    return {data: [row("600519.SH")], timestamp: "now"};
  };
  const {live, quotes, requested, asked} = made({answer});
  live.becomes("live");
  const stop = quotes.watch([["market", "SH"]]);
  await live.settled();
  const target = quotes.target("market", "SH");
  for (problem of [new AckTimeout("subscribe_prices"), new Refusal("rate_limited", "too often")]) {
    live.becomes("reconnecting");
    live.becomes("live");
    await live.settled();
    assert.equal(target.state.value, "error");
    assert.equal(target.error.value, problem);
    assert.equal(quotes.held.value, 0);
    const fetched = requested.length;
    const times = asked().length;
    t.mock.timers.tick(5_000);
    await live.settled();
    assert.equal(asked().length, times + 1, problem.message);
    assert.ok(requested.length > fetched);
  }
  const fetched = requested.length;
  problem = null;
  t.mock.timers.tick(5_000);
  await live.settled();
  assert.deepEqual([target.state.value, target.error.value, quotes.held.value], ["ready", null, 1]);
  t.mock.timers.tick(120_000);
  assert.equal(requested.length, fetched + 2);
  stop();
  await live.settled();
});

test("a connection that goes away leaves what is known in view", async (t) => {
  t.mock.timers.enable({apis: ["setTimeout"]});
  let isThere = true;
  const answer = () => {
    if (!isThere) {
      throw new ConnectionLost("subscribe_prices");
    }
    return {data: [row("600519.SH")], timestamp: "now"};
  };
  const {live, quotes} = made({answer});
  live.becomes("live");
  const stop = quotes.watch([["market", "SH"]]);
  await live.settled();
  isThere = false;
  live.becomes("reconnecting");
  live.becomes("live");
  await live.settled();
  assert.equal(quotes.target("market", "SH").state.value, "ready");
  stop();
  await live.settled();
});

test("what a connection holds is worth a word from four fifths of what it may", () => {
  assert.deepEqual([0, 102, 103, MAX_SUBSCRIPTIONS].map(isMany), [false, false, true, true]);
});
