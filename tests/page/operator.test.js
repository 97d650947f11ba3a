import assert from "node:assert/strict";
import test from "node:test";
import {matching, sortedBy} from "#js/operator/client_table.js";
import {pointsOf, ratesBetween} from "#js/operator/rates.js";
import {readQuotes, recipientsOf} from "#js/operator/recipients.js";
import {Watch} from "#js/operator/watch.js";

/** An answer of the server, of which the tests say what has been counted. */
function sample(at, {id = "aaaaaa", bytes = 0, events = 0, cpu = 0, commands = 0, seconds = 0, closes = {}} = {}) {
  const overview = {
    process: {id, cpu_seconds: cpu},
    opens: {websocket: 5},
    closes,
    totals: {bytes_in: bytes, bytes_out: 2 * bytes, events_in: events, messages_out: 0},
    commands: {database: {count: commands, seconds}, redis: {count: 0, seconds: 0}},
  };
  return {at, overview};
}

test("rates are what was counted between two answers, per second", () => {
  const before = sample(1_000, {bytes: 100, events: 10, cpu: 1, commands: 10, seconds: 1});
  const closes = {"ping timeout": 1, "transport close": 2};
  const after = sample(3_000, {bytes: 500, events: 11, cpu: 1.5, commands: 14, seconds: 1.02, closes});
  const rates = ratesBetween(before, after);
  assert.deepEqual([rates.bytes_in, rates.bytes_out, rates.events_in, rates.messages_out], [200, 400, 0.5, 0]);
  assert.deepEqual([rates.came, rates.went], [0, 1.5]);
  assert.equal(rates.cpu, 0.25);
  assert.ok(Math.abs(rates.database - 5) < 1e-9); // 20 ms for 4 commands
  assert.equal(rates.redis, null); // none was asked
});

test("a server that has begun anew, or a clock that stands still, has no rates", () => {
  assert.equal(ratesBetween(sample(0), sample(1_000, {id: "bbbbbb"})), null);
  assert.equal(ratesBetween(sample(5), sample(5)), null);
  const points = pointsOf([sample(0), sample(1_000, {bytes: 7}), sample(2_000, {id: "bbbbbb"})]);
  assert.deepEqual(
    points.map(({at, rates}) => [at, rates.bytes_in]),
    [
      [1, 7],
      [2, undefined],
    ],
  );
});

test("where nobody looked for a while there is a gap and no line", () => {
  const points = pointsOf([sample(0), sample(2_000), sample(60_000)]);
  assert.deepEqual(
    points.map(({at, overview}) => [at, overview !== null]),
    [
      [2, true],
      [2.001, false],
      [60, true],
    ],
  );
});

const alice = {
  id: "a-1",
  transport: "websocket",
  address: "10.0.0.1",
  user: {username: "alice", display_name: "Alice"},
  rooms: 3,
};
const bob = {
  id: "a-2",
  transport: "polling",
  address: "10.0.0.2",
  user: {username: "bob", display_name: "Bob"},
  rooms: 20,
};
const nobody = {id: "a-10", transport: "raw", address: "10.0.0.3", user: null, rooms: 0};

test("connections are found by name, user, address and transport", () => {
  const found = (search) => matching([alice, bob, nobody], search).map(({id}) => id);
  assert.deepEqual(found(""), ["a-1", "a-2", "a-10"]);
  assert.deepEqual(found(" ALI "), ["a-1"]);
  assert.deepEqual(found("0.0.2"), ["a-2"]);
  assert.deepEqual(found("raw"), ["a-10"]);
  assert.deepEqual(found("carol"), []);
});

test("connections stand in the order of a column; who has no value comes last", () => {
  const order = (column, isDown) => sortedBy([nobody, bob, alice], column, isDown).map(({id}) => id);
  assert.deepEqual(order("id", false), ["a-1", "a-2", "a-10"]);
  assert.deepEqual(order("rooms", true), ["a-2", "a-1", "a-10"]);
  assert.deepEqual(order("user", false), ["a-1", "a-2", "a-10"]);
  assert.deepEqual(order("user", true), ["a-2", "a-1", "a-10"]);
});

test("quotes are checked before they are sent", () => {
  assert.deepEqual(readQuotes("  "), {quotes: null});
  assert.deepEqual(readQuotes('[{"code":"600519","price":1}]'), {quotes: [{code: "600519", price: 1}]});
  assert.equal(readQuotes("[1,").problem, "json");
  assert.equal(readQuotes("{}").problem, "list");
  assert.equal(readQuotes("[]").problem, "list");
  assert.deepEqual(readQuotes('[{"code":"600519","price":1},{"code":"600519","price":"1"}]'), {
    problem: "quote",
    at: 1,
  });
  assert.deepEqual(readQuotes("[null]"), {problem: "quote", at: 0});
});

test("a push reaches the strategy's clients, and those of the quotes' stocks and markets", () => {
  const client = (name, kind, target) => ({client_id: name, subscriptions: [{subscription_type: kind, target}]});
  const clients = [
    client("wave", "strategy", "volume_wave"),
    client("cross", "strategy", "ma_cross"),
    client("code", "stock", "600519"),
    client("symbol", "stock", "600519.SH"),
    client("other", "stock", "000001"),
    client("sh", "market", "SH"),
    client("sz", "market", "SZ"),
    client("all", "market", "ALL"),
    {client_id: "none", subscriptions: []},
  ];
  const reached = (quotes) => recipientsOf(clients, "volume_wave", quotes).map(({client_id: id}) => id);
  assert.deepEqual(reached(null), ["wave"]);
  assert.deepEqual(reached([{symbol: "600519.SH", price: 1}]), ["wave", "code", "symbol", "sh", "all"]);
  assert.deepEqual(reached([{code: "600519", price: 1}]), ["wave", "code", "symbol", "all"]);
});

test("the figures stay when the server does not answer, and say so", async () => {
  const answers = [() => "first", () => Promise.reject(new Error("gone")), () => "third"];
  const watch = new Watch({session: {request: async () => answers.shift()()}});
  await watch.refresh();
  assert.deepEqual([watch.state.value, watch.isLate.value, watch.samples.value.length], ["ready", false, 1]);
  await watch.refresh();
  assert.deepEqual([watch.state.value, watch.isLate.value, watch.samples.value.length], ["ready", true, 1]);
  await watch.refresh();
  assert.deepEqual([watch.isLate.value, watch.samples.value.length], [false, 2]);
});

test("figures that never came are an error", async () => {
  const refused = new Error("no");
  const watch = new Watch({session: {request: () => Promise.reject(refused)}});
  await watch.refresh();
  assert.deepEqual([watch.state.value, watch.error.value], ["error", refused]);
});
