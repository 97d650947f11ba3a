import assert from "node:assert/strict";
import {test} from "node:test";
import {distanceOf, faultOf} from "#js/market/alerts/check.js";
import {Alerts} from "#js/market/models/alerts.js";
import {isAlwaysOpen, MarketStatus, secondsUntilChange, toneOf} from "#js/market/models/status.js";
import {Strategies} from "#js/market/models/strategies.js";
import {moved, Watchlists} from "#js/market/models/watchlists.js";
import {FakeLive, FakeSession} from "./support.js";

/** A session whose answers are functions by "METHOD /path"; what was asked is in `asked`. */
function fakeSession(answers) {
  const asked = [];
  return {
    asked,
    async request(method, path, body) {
      asked.push([method, path, body]);
      return answers[`${method} ${path}`](body);
    },
  };
}

const item = (symbol) => ({symbol, code: symbol.slice(0, 6), name: symbol, note: ""});
const list = (id, position, revision, symbols = []) => ({id, name: id, position, revision, items: symbols.map(item)});

test("the countdown follows the server's clock", () => {
  const status = new MarketStatus({});
  const change = "2026-01-05T11:30:00.000+08:00";
  const now = {timestamp: "2026-01-05T11:28:55.000+08:00", next_change: change};
  status.take(now, 5_000_000);
  assert.equal(secondsUntilChange(now, status.time(5_000_000)), 65);
  assert.equal(secondsUntilChange(now, status.time(5_064_500)), 1);
  assert.equal(secondsUntilChange(now, status.time(5_065_000)), 0);
  assert.equal(secondsUntilChange(now, status.time(9_000_000)), 0);
});

test("phases have the tone of what can be done in them", () => {
  assert.deepEqual(["morning", "closing_auction", "lunch", "pre_open", "matched", "closed", "holiday"].map(toneOf), [
    "trading",
    "trading",
    "waiting",
    "waiting",
    "waiting",
    "closed",
    "closed",
  ]);
});

test("only simulated prices are always open, and only where they are pushed at any hour", () => {
  const status = {phase: "holiday", any_hour: true, answering: "simulated"};
  assert.equal(isAlwaysOpen(status), true);
  assert.equal(isAlwaysOpen({...status, any_hour: false}), false);
  assert.equal(isAlwaysOpen({...status, answering: "sina"}), false);
});

test("what is wrong with an alert is known before the server is asked", () => {
  const wanted = (kind, value, symbol = "600519.SH") => ({symbol, kind, value});
  const nameOf = (one, list = []) => faultOf(one, list)?.name;
  const waiting = Array.from({length: 99}, (_, at) => ({...wanted("above", at + 1, "000001.SZ"), status: "active"}));
  const same = {...wanted("above", 1500.5), status: "active"};
  assert.equal(nameOf(wanted("above", 1500.5)), undefined);
  assert.equal(nameOf(wanted("above", NaN)), "missing");
  assert.deepEqual(
    [0, -1, 10_000_001].map((value) => nameOf(wanted("below", value))),
    Array(3).fill("price"),
  );
  assert.deepEqual(
    [0, 1_000.5, -1_001].map((value) => nameOf(wanted("change_percent", value))),
    Array(3).fill("percent"),
  );
  assert.equal(nameOf(wanted("change_percent", -9.98)), undefined);
  assert.deepEqual(faultOf(wanted("above", 1.005), []), {name: "decimals", count: 2});
  assert.equal(nameOf(wanted("above", 1.005, "510300.SH")), undefined);
  assert.equal(nameOf(wanted("change_percent", 0.005)), "decimals");
  assert.equal(nameOf(wanted("above", 1500.5), [same]), "same");
  assert.equal(nameOf(wanted("above", 1500.5), [{...same, status: "fired"}]), undefined);
  assert.equal(nameOf(wanted("below", 1500.5), [...waiting, same]), "many");
  assert.equal(nameOf(wanted("below", 1500.5), waiting), undefined);
});

test("how far it is to what an alert waits for", () => {
  const quote = {price: 10, change_percent: 2};
  assert.equal(distanceOf({kind: "above", value: 11}, quote).toFixed(4), "10.0000");
  assert.equal(distanceOf({kind: "below", value: 9.5}, quote).toFixed(4), "-5.0000");
  assert.equal(distanceOf({kind: "change_percent", value: -3}, quote), -5);
});

test("a member of a list moves to another place", () => {
  const isB = (one) => one === "b";
  assert.deepEqual(moved(["a", "b", "c"], isB, 0), ["b", "a", "c"]);
  assert.deepEqual(moved(["a", "b", "c"], isB, 2), ["a", "c", "b"]);
  assert.deepEqual(moved(["a", "b", "c"], isB, 1), ["a", "b", "c"]);
});

async function watchlists(answers) {
  const live = new FakeLive();
  const session = fakeSession({
    "GET /watchlists": () => ({watchlists: [list("one", 0, 3, ["600519.SH", "000001.SZ"]), list("two", 1, 1)]}),
    ...answers,
  });
  const model = new Watchlists({session, live});
  void model.following;
  live.becomes("live");
  await live.settled();
  return {live, session, model};
}

const symbolsOf = (model, id) => model.find(id).items.map(({symbol}) => symbol);

test("of two states of a watchlist the later one counts", async () => {
  const {live, model} = await watchlists();
  live.tell("watchlist_updated", {watchlist: list("one", 0, 5, ["300750.SZ"])});
  live.tell("watchlist_updated", {watchlist: list("one", 0, 4, [])});
  assert.deepEqual(symbolsOf(model, "one"), ["300750.SZ"]);
  live.tell("watchlist_updated", {watchlist: list("three", 2, 1)});
  live.tell("watchlist_removed", {watchlist_id: "two"});
  live.tell("watchlist_removed", {watchlist_id: "two"});
  assert.deepEqual(
    model.lists.value.map(({id}) => id),
    ["one", "three"],
  );
  assert.deepEqual(
    model.holding("300750.SZ").map(({id}) => id),
    ["one"],
  );
});

test("a stock that is moved is there at once, and back when the server does not agree", async () => {
  let problem = null;
  const path = "/watchlists/one/items/000001.SZ";
  const {live, session, model} = await watchlists({
    [`PATCH ${path}`]: () => {
      if (problem) {
        throw problem;
      }
      return list("one", 0, 4, ["000001.SZ", "600519.SH"]);
    },
  });
  const moving = model.moveItem("one", "000001.SZ", 0);
  assert.deepEqual(symbolsOf(model, "one"), ["000001.SZ", "600519.SH"]);
  await moving;
  assert.deepEqual(session.asked.at(-1), ["PATCH", path, {position: 0}]);
  problem = new Error("away");
  await assert.rejects(model.moveItem("one", "000001.SZ", 1), problem);
  await live.settled();
  assert.deepEqual(symbolsOf(model, "one"), ["600519.SH", "000001.SZ"]); // as the server has it
});

test("moves in quick succession are not undone by the answers to the first ones", async () => {
  const answers = [];
  const {live, model} = await watchlists({
    "PATCH /watchlists/one/items/000001.SZ": () => new Promise((resolve) => answers.push(resolve)),
  });
  const first = model.moveItem("one", "000001.SZ", 0);
  const second = model.moveItem("one", "000001.SZ", 1);
  await live.settled();
  assert.equal(answers.length, 1, "the second is sent when the first is answered: they must not overtake each other");
  answers[0](list("one", 0, 4, ["000001.SZ", "600519.SH"]));
  await first;
  await live.settled();
  assert.deepEqual(symbolsOf(model, "one"), ["600519.SH", "000001.SZ"]);
  live.tell("watchlist_updated", {watchlist: list("one", 0, 6, ["600519.SH"])}); // by another device
  answers[1](list("one", 0, 5, ["600519.SH", "000001.SZ"]));
  await second;
  assert.deepEqual(symbolsOf(model, "one"), ["600519.SH"]);
});

test("an alert that fires goes from those that wait to those that fired, once", async () => {
  const live = new FakeLive();
  const alert = (id, status) => ({id, symbol: "600519.SH", status, kind: "above", value: 10});
  const session = fakeSession({
    "GET /alerts": () => ({alerts: [alert("a", "active"), alert("b", "active"), alert("c", "fired")]}),
    "POST /alerts": () => alert("d", "active"),
    "PATCH /alerts/c": () => alert("c", "active"),
    "DELETE /alerts/b": () => null,
  });
  const model = new Alerts({session, live});
  void model.following;
  live.becomes("live");
  await live.settled();
  const shown = () => model.list.value.map(({id, status}) => `${id} ${status}`);
  live.tell("alert_fired", {alert: alert("a", "fired")});
  live.tell("alert_fired", {alert: alert("a", "fired")});
  assert.deepEqual(shown(), ["b active", "a fired", "c fired"]);
  await model.add("600519.SH", "above", 10);
  await model.arm("c");
  await model.remove("b");
  assert.deepEqual(shown(), ["c active", "d active", "a fired"]);
  assert.deepEqual(session.asked.find(([method]) => method === "POST")[2], {
    symbol: "600519.SH",
    kind: "above",
    value: 10,
  });
  assert.equal(model.of("000001.SZ").length, 0);
});

test("new signals are asked for when their prices come, once", async () => {
  const live = new FakeLive();
  const signals = [{symbol: "600519.SH"}];
  const session = fakeSession({
    "GET /strategies": () => ({strategies: [{name: "ma_cross", title: "均线金叉", count: 1}]}),
    "GET /signals/buy?strategy=ma_cross&limit=500": () => ({strategy: "ma_cross", day: "2026-01-05", signals}),
  });
  const model = new Strategies({session, live});
  void model.following;
  live.becomes("live");
  await live.settled();
  assert.deepEqual(model.found.value.ma_cross.signals, signals);
  const update = (symbol, type = "strategy") => ({subscription_type: type, target: "ma_cross", data: [{symbol}]});
  live.tell("price_update", update("600519.SH"));
  live.tell("price_update", update("300750.SZ", "stock"));
  assert.equal(session.asked.length, 2);
  live.tell("price_update", update("300750.SZ"));
  await live.settled();
  live.tell("price_update", update("300750.SZ"));
  await live.settled();
  assert.equal(session.asked.length, 4);
});

test("the status of the market is asked for while anybody looks, and no longer", async (context) => {
  context.mock.timers.enable({apis: ["setInterval"]});
  const [live, session] = [new FakeLive(), new FakeSession()];
  session.answers("GET /market/status", () => ({timestamp: "2026-01-05T10:00:00+08:00"}));
  const status = new MarketStatus({live, session});
  live.becomes("live");
  const stops = [status.watch(), status.watch()];
  await live.settled();
  stops[0]();
  const asked = session.count("GET /market/status");
  context.mock.timers.tick(30_000);
  await live.settled();
  assert.equal(session.count("GET /market/status"), asked + 1);
  stops[1]();
  context.mock.timers.tick(60_000);
  assert.equal(session.count("GET /market/status"), asked + 1);
});
