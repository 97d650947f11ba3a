import assert from "node:assert/strict";
import {test} from "node:test";
import {Turns} from "#js/core/turns.js";
import {withResolvers} from "./support.js";

test("works of one name take turns, also after one that failed; others do not wait", async () => {
  const turns = new Turns();
  const begun = [];
  const first = withResolvers();
  const work = (name, result) => () => {
    begun.push(name);
    return result;
  };
  const one = turns.take("a", work("one", first.promise));
  const two = turns.take("a", work("two", 2));
  assert.equal(await turns.take("b", work("other", 3)), 3);
  assert.deepEqual(begun, ["one", "other"]);
  first.reject(new Error("away"));
  await assert.rejects(one, /away/);
  assert.equal(await two, 2);
  assert.deepEqual(begun, ["one", "other", "two"]);
});
