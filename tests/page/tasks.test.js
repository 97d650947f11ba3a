import assert from "node:assert/strict";
import {test} from "node:test";
import {AckTimeout} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";
import {useTexts} from "#js/core/texts.js";
import {Unreachable} from "#js/core/unreachable.js";
import {summary} from "#js/tasks/report_words.js";
import {advanced, joined, newer, statusOf, timing} from "#js/tasks/states.js";
import {Tasks} from "#js/tasks/tasks.js";
import {messageOf} from "#js/tasks/words.js";
import {FakeLive, FakeSession} from "./support.js";

const AT = "2026-11-20T10:00:00+00:00";
const task = (id, more = {}) => ({
  id,
  type: "analysis",
  state: "queued",
  priority: 5,
  attempts: 1,
  seq: 1,
  step: 0,
  total_steps: 5,
  progress: 0,
  message: "",
  created_at: AT,
  ...more,
});
const event = (seq, more = {}, type = "progress") => ({
  type,
  data: {
    task_id: "1",
    seq,
    attempt: 1,
    step: seq - 1,
    total_steps: 5,
    progress: seq * 20,
    message: `m${seq}`,
    timestamp: AT,
    ...more,
  },
});

/** The tasks of somebody who has these on the server. */
async function board(...stored) {
  const [live, session] = [new FakeLive(), new FakeSession()];
  const server = {tasks: new Map(stored.map((one) => [one.id, one])), told: []};
  session.answers("GET /tasks", () => ({tasks: [...server.tasks.values()], has_more: false}));
  for (const {id} of stored) {
    session.answers(`GET /tasks/${id}`, () => server.tasks.get(id));
    session.answers(`GET /tasks/${id}/progress`, () => ({events: server.told}));
  }
  live.answers("unwatch_task", () => ({}));
  live.answers("watch_task", ({task_id: id, after_seq: after}) => ({
    task: server.tasks.get(id),
    events: server.told.filter(({data}) => data.seq > after),
  }));
  const tasks = new Tasks({live, session});
  live.becomes("live");
  await live.settled();
  return {tasks, live, session, server};
}

const watched = (live) => live.asked.filter(([name]) => name === "watch_task").map(([, {task_id: id}]) => id);

test("open tasks are watched, and go on by their events; one that is told twice changes nothing", async () => {
  const {tasks, live, server} = await board(task("2", {state: "completed", seq: 7}), task("1"));
  assert.deepEqual(watched(live), ["1"]);
  live.tell("task_progress", event(2));
  assert.deepEqual([tasks.get("1").state, tasks.get("1").step, tasks.get("1").message], ["running", 1, "m2"]);
  live.tell("task_progress", event(3));
  live.tell("task_progress", event(2));
  assert.equal(tasks.get("1").step, 2);
  server.tasks.set("1", task("1", {state: "completed", seq: 6, started_at: AT, progress: 100}));
  live.tell("task_progress", event(6, {result: {n: 1}}, "completed"));
  await live.settled();
  assert.deepEqual([tasks.get("1").state, tasks.get("1").result], ["completed", {n: 1}]);
  assert.deepEqual(tasks.open, []);
});

test("whoever comes late sees the whole history, then what follows, each once", async () => {
  const {tasks, live, server} = await board(task("1", {state: "running", seq: 3}));
  server.told = [event(1), event(2), event(3)];
  const following = tasks.follow("1");
  live.tell("task_progress", event(4)); // while the history is on its way
  await live.settled();
  live.tell("task_progress", event(4));
  live.tell("task_progress", event(5));
  assert.equal(following.state.value, "ready");
  assert.deepEqual(
    tasks.log("1").map(({data}) => data.seq),
    [1, 2, 3, 4, 5],
  );
  following.stop();
});

test("what only the answer to another question tells stands in the log too", async () => {
  const {tasks, live, server} = await board(task("1", {state: "running", seq: 2}));
  server.told = [event(1), event(2)];
  const following = tasks.follow("1");
  await live.settled();
  server.tasks.set("1", task("1", {state: "running", seq: 3, step: 2}));
  server.told.push(event(3)); // published while the list watches the task anew, and so only in that answer
  live.tell("task_queued", {task: task("1", {state: "running", seq: 2})});
  await live.settled();
  assert.deepEqual(
    tasks.log("1").map(({data}) => data.seq),
    [1, 2, 3],
  );
  following.stop();
});

test("after a gap a task goes on from where it was known", async () => {
  const {tasks, live, server} = await board(task("1", {state: "running", seq: 3}));
  const following = tasks.follow("1");
  await live.settled();
  live.becomes("reconnecting");
  server.tasks.set("1", task("1", {state: "running", seq: 5, step: 4}));
  server.told = [event(1), event(2), event(3), event(4), event(5)];
  live.becomes("live");
  await live.settled();
  assert.deepEqual(
    tasks.log("1").map(({data}) => data.seq),
    [1, 2, 3, 4, 5],
  );
  assert.equal(tasks.get("1").step, 4);
  following.stop();
});

test("a task that another device asked for is listed and watched", async () => {
  const {tasks, live, server} = await board();
  server.tasks.set("3", task("3"));
  live.tell("task_queued", {task: task("3")});
  assert.deepEqual(
    tasks.list("all").map(({id}) => id),
    ["3"],
  );
  assert.deepEqual(watched(live), ["3"]);
});

test("trying again forgets how the attempt before ended", () => {
  const failed = task("1", {state: "error", error: "lost", seq: 9, started_at: AT, finished_at: AT, result: 1});
  const again = advanced(failed, event(10, {attempt: 2, progress: 0}));
  assert.deepEqual(
    [again.state, again.attempts, again.error, again.result, again.started_at],
    ["queued", 2, undefined, undefined, undefined],
  );
  assert.equal(advanced(again, event(11, {attempt: 2})).state, "running");
  assert.equal(advanced(failed, event(9)), failed);
});

test("the later of two states counts, and keeps what lists leave out", () => {
  const full = task("1", {seq: 4, params: {symbol: "600519.SH"}, result: {n: 1}});
  assert.equal(newer(full, task("1", {seq: 3})), full);
  assert.deepEqual(newer(full, task("1", {seq: 5})).params, {symbol: "600519.SH"});
  assert.deepEqual(newer(full, task("1", {seq: 5})).result, {n: 1});
  assert.equal(newer(full, task("1", {seq: 5, attempts: 2})).result, undefined);
});

test("a state says how it ended", () => {
  assert.equal(statusOf({state: "error", error: "lost"}), "lost");
  assert.equal(statusOf({state: "error", error: "interrupted"}), "interrupted");
  assert.equal(statusOf({state: "error", error: "no_data"}), "failed");
  assert.equal(statusOf({state: "cancelled", error: "cancelled"}), "cancelled");
  const cancelled = advanced(task("1"), event(2, {error: "cancelled"}, "error"));
  assert.equal(statusOf(cancelled), "cancelled");
});

test("elapsed time and what is left are told when they can be known", () => {
  const begun = new Date(AT).getTime();
  const running = task("1", {state: "running", started_at: AT, progress: 25});
  assert.deepEqual(timing(running, begun + 10_000), {elapsed: 10, rest: 30});
  assert.deepEqual(timing({...running, progress: 0}, begun + 10_000), {elapsed: 10, rest: null});
  assert.deepEqual(timing(task("1"), begun), {elapsed: null, rest: null});
  const told = {...running, told_at: "2026-11-20T10:00:05+00:00"};
  assert.deepEqual(timing(told, begun + 8_000), {elapsed: 8, rest: 12}); // it goes down while nothing is heard
  assert.deepEqual(timing(told, begun + 20_000), {elapsed: 20, rest: null});
  const done = {...running, state: "completed", finished_at: "2026-11-20T10:00:04+00:00"};
  assert.deepEqual(timing(done, begun + 99_000), {elapsed: 4, rest: null});
});

test("what is left goes down too when no event but an answer told how far a task is", () => {
  const begun = new Date(AT).getTime();
  const running = task("1", {state: "running", started_at: AT, progress: 20, told_at: AT, seq: 2});
  const answered = newer(running, {...running, told_at: undefined, progress: 25, seq: 3}, begun + 10_000);
  assert.deepEqual(timing(answered, begun + 10_000), {elapsed: 10, rest: 30});
  assert.deepEqual(timing(answered, begun + 15_000), {elapsed: 15, rest: 25});
  assert.equal(newer(running, {...running, told_at: undefined}, begun + 10_000).told_at, AT);
});

test("the place in the line is asked for again, and no event keeps an old one", async () => {
  const {tasks, live, server} = await board(task("1", {ahead: 2}));
  assert.equal(tasks.get("1").ahead, 2);
  server.tasks.set("1", task("1", {ahead: 1}));
  await tasks.look("1");
  assert.equal(tasks.get("1").ahead, 1);
  live.tell("task_progress", event(2));
  assert.deepEqual([tasks.get("1").state, tasks.get("1").ahead], ["running", undefined]);
});

test("while the connection is away nobody is asked for a place in the line", async () => {
  const {tasks, live, session} = await board(task("1", {ahead: 2}));
  const looks = () => session.count("GET /tasks/1");
  live.becomes("reconnecting");
  await tasks.look("1");
  assert.equal(looks(), 0);
  live.becomes("live");
  await tasks.look("1");
  assert.equal(looks(), 1);
});

test("who asks again after a lost answer asks for the same analysis", async (context) => {
  context.mock.timers.enable({apis: ["Date"]});
  const {tasks, session} = await board();
  const keys = () => session.asked.flatMap(([, , options]) => (options ? [options.headers["Idempotency-Key"]] : []));
  const lost = () => {
    throw new Unreachable("no network");
  };
  session.answers("POST /tasks", lost);
  await assert.rejects(tasks.analyse("600519.SH", 250), Unreachable);
  session.answers("POST /tasks", () => ({task_id: "1"}));
  await tasks.analyse("000001.SZ", 250);
  assert.equal(await tasks.analyse("600519.SH", 250), "1");
  assert.equal(await tasks.analyse("600519.SH", 250), "1");
  assert.equal(keys()[2], keys()[0]);
  assert.equal(new Set(keys()).size, 3);
  session.answers("POST /tasks", lost);
  await assert.rejects(tasks.analyse("600519.SH", 250), Unreachable);
  context.mock.timers.tick(120_000);
  await assert.rejects(tasks.analyse("600519.SH", 250), Unreachable);
  assert.equal(new Set(keys()).size, 5);
});

test("what is told is said in the reader's language where the page knows it", () => {
  useTexts("en", {"tasks.analysis.bars": "Daily bars loaded: {count}"});
  const text = {key: "tasks.analysis.bars", values: {count: 250}};
  assert.equal(messageOf({message: "已加载250根日线", text}), "Daily bars loaded: 250");
  assert.equal(messageOf({message: "又一步", text: {key: "tasks.of_tomorrow", values: {}}}), "又一步");
  assert.equal(messageOf({message: "warming up"}), "warming up");
});

test("histories are joined without doubles", () => {
  assert.deepEqual(
    joined([event(1), event(3)], [event(2), event(3)]).map(({data}) => data.seq),
    [1, 2, 3],
  );
});

test("a report is said in words that fit its numbers", () => {
  const report = {
    from: "2026-01-05",
    day: "2026-11-20",
    bars: 200,
    name: "贵州茅台",
    close: 1400,
    latest: {ma20: 1500, rsi: 25.04, macd_histogram: -1, drawdown: -0.05},
    risk: {
      total_return: -0.1209,
      annual_volatility: 0.3,
      max_drawdown: -0.2,
      drawdown_from: "2026-03-01",
      drawdown_to: "2026-04-01",
    },
    signals: [],
  };
  const said = summary(report);
  assert.deepEqual(
    said.map(({key}) => key),
    ["fall", "volatility", "drawdown", "below", "oversold", "macd_down", "no_signals"],
  );
  assert.equal(said[0].values.total, "12.09%");
  assert.equal(said[4].values.rsi, "25.0");
  const empty = {...report, latest: {}, risk: {total_return: null, annual_volatility: null, max_drawdown: 0}};
  assert.deepEqual(
    summary(empty).map(({key}) => key),
    ["span", "no_signals"],
  );
});

test("a task whose watch fails for now is watched in a while, one that is refused is not", async (context) => {
  context.mock.timers.enable({apis: ["setTimeout"]});
  const {tasks, live, server} = await board();
  const problems = [new AckTimeout("watch_task"), new Refusal("rate_limited", "too often")];
  live.answers("watch_task", ({task_id: id}) => {
    if (problems.length) {
      throw problems.shift();
    }
    return {task: server.tasks.get(id), events: [event(2)]};
  });
  server.tasks.set("1", task("1"));
  live.tell("task_queued", {task: task("1")});
  for (const times of [2, 3, 3]) {
    await live.settled();
    context.mock.timers.tick(5_000);
    assert.equal(watched(live).length, times);
  }
  await live.settled();
  assert.equal(tasks.get("1").message, "m2");
  problems.push(new Refusal("not_found", "gone"));
  live.tell("task_queued", {task: task("2")});
  await live.settled();
  context.mock.timers.tick(5_000);
  assert.deepEqual(watched(live).slice(3), ["2"]);
});

test("what a further page brings is watched, up to what a connection may; the next one when there is room", async () => {
  const {tasks, live, server, session} = await board(task("a", {state: "completed"}));
  const many = Array.from({length: 70}, (_, index) => task(`t${String(index).padStart(2, "0")}`));
  many.forEach((one) => server.tasks.set(one.id, one));
  session.answers("GET /tasks", (_, {state}) => ({tasks: state === "running" ? [] : many, has_more: false}));
  await tasks.more("open");
  await live.settled();
  assert.equal(new Set(watched(live)).size, 60);
  const [first] = watched(live);
  session.answers(`GET /tasks/${first}`, () => tasks.get(first));
  live.tell("task_progress", event(6, {task_id: first}, "completed"));
  await live.settled();
  assert.equal(new Set(watched(live)).size, 61);
  await tasks.more("open");
  assert.equal(watched(live).length, 61);
});

test("what was told of a task that nobody looks at any more is forgotten", async () => {
  const {tasks, live} = await board(task("1", {state: "running", seq: 2}));
  const following = tasks.follow("1");
  await live.settled();
  live.tell("task_progress", event(3));
  assert.equal(tasks.log("1").length, 1);
  following.stop();
  live.tell("task_progress", event(4));
  assert.deepEqual(tasks.log("1"), []);
});
