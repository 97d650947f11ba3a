import assert from "node:assert/strict";
import {mock, test} from "node:test";
import {AckTimeout, ConnectionLost, pauseBefore} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";
import {t, useTexts} from "#js/core/texts.js";
import {Unreachable} from "#js/core/unreachable.js";
import {CaughtUp} from "#js/shell/caught_up.js";
import {checked, fieldOf} from "#js/shell/entrance_rules.js";
import {unreadOf} from "#js/shell/unread.js";
import {problemText} from "#js/ui/problems.js";
import {toast} from "#js/ui/toasts.js";
import {FakeLive} from "./support.js";

test("what was missed is told for a while once the connection is back", () => {
  mock.timers.enable({apis: ["setTimeout"]});
  const live = new FakeLive();
  const caughtUp = new CaughtUp(live);
  live.becomes("live");
  assert.equal(caughtUp.count.value, null, "the first connection is no return");
  live.becomes("reconnecting");
  live.becomes("live");
  assert.equal(caughtUp.count.value, 0);
  caughtUp.add(2);
  caughtUp.add(0);
  caughtUp.add(3);
  assert.equal(caughtUp.count.value, 5);
  mock.timers.tick(6_000);
  assert.equal(caughtUp.count.value, null);
  mock.timers.reset();
});

test("the entrance tells what is wrong before it asks the server", () => {
  useTexts("en", {});
  assert.deepEqual(checked({username: "", password: ""}, false), {
    username: "page.username_missing",
    password: "page.password_missing",
  });
  assert.deepEqual(checked({username: "a!", password: "short"}, false), {}, "old accounts are the server's affair");
  assert.deepEqual(checked({username: "a!", password: "short"}, true), {
    username: "page.username_wrong",
    password: "page.password_short",
  });
  for (const username of ["小明同学", "ひらがな", "한국어", "𠀀𠀁𠀂", "a_b-c.d"]) {
    assert.deepEqual(checked({username, password: "long enough"}, true), {}, username);
  }
});

test("a refusal is told beside the field it is about", () => {
  assert.equal(fieldOf(new Refusal("username_taken", "")), "username");
  assert.equal(fieldOf(new Refusal("weak_password", "")), "password");
  assert.equal(fieldOf(new Unreachable()), "form");
});

test("each problem has its words", () => {
  useTexts("en", {"errors.not_found": "Not found", "ui.retry_after": "In {seconds} s"});
  assert.equal(problemText(new Refusal("not_found", "Not found: no file 12")), "Not found");
  assert.equal(problemText(new Refusal("invalid_input", "Invalid: name: too long")), "Invalid: name: too long");
  assert.equal(problemText(new Refusal("rate_limited", "", {retry_after: 2.2})), "In 3 s");
  assert.equal(problemText(new ConnectionLost()), "ui.connection_lost");
  assert.equal(problemText(new AckTimeout()), "ui.unreachable");
  assert.equal(problemText(new Unreachable()), "ui.unreachable");
});

test("the placeholders of a text are filled as the server fills them", () => {
  useTexts("en", {"signals.ma_cross": "{short:.0f}-day average {price:.2f}, {missing} {odd:.2f}"});
  assert.equal(t("signals.ma_cross", {short: 5, price: 7.1, odd: 0}), "5-day average 7.10, {missing} 0.00");
  assert.equal(t("signals.ma_cross", {short: 5}), "5-day average {price:.2f}, {missing} {odd:.2f}");
  assert.equal(t("signals.unknown"), "signals.unknown");
});

test("what is unread is summed over the areas that count", () => {
  const areas = [{count: (app) => app.one}, {}, {count: (app) => app.two}];
  assert.equal(unreadOf({one: 2, two: 3}, areas), 5);
});

test("who shows a message hears when it is gone: taken away, replaced, or pushed out by others", () => {
  const gone = [];
  const shown = (key, onGone = () => gone.push(key)) => toast({text: key, key, onGone});
  const takeAway = shown("one");
  assert.deepEqual(gone, []);
  takeAway();
  takeAway();
  assert.deepEqual(gone, ["one"]);
  ["two", "three", "four"].forEach((key) => shown(key));
  assert.deepEqual(gone, ["one"]);
  shown("five");
  assert.deepEqual(gone, ["one", "two"]);
  shown("three");
  assert.deepEqual(gone, ["one", "two", "three"]);
});

test("clients of a server that begins anew do not all come back in the same moment", () => {
  const never = () => 0;
  const always = () => 1;
  assert.equal(pauseBefore(1, 0, never), 250);
  assert.equal(pauseBefore(1, 0, always), 750);
  assert.equal(pauseBefore(9, 0, always), 15_000);
  assert.equal(pauseBefore(1, 3_000, never), 3_250, "not before the server is back");
  assert.equal(pauseBefore(1, 3_000, always), 6_750);
});
