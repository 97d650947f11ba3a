import assert from "node:assert/strict";
import {beforeEach, test} from "node:test";
import {Uploads} from "#js/chat/uploads.js";
import {Refusal} from "#js/core/session.js";
import {FakeLive} from "./support.js";

let live;
let calls;
let sent;
let uploads;
beforeEach(() => {
  live = new FakeLive();
  calls = [];
  sent = [];
  const session = {
    upload: (path, form, options) =>
      new Promise((resolve, reject) => {
        options.signal.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")));
        calls.push({path, name: form.get("file").name, resolve, reject, ...options});
      }),
  };
  uploads = new Uploads({session, live, outbox: {add: (message) => sent.push(message)}});
  live.becomes("live");
});

const pick = (name, type = "text/plain") => new File(["content"], name, {type});
const add = (name, type) => uploads.add(pick(name, type), {conversation: "c", friend: "bob", content: "caption"});

test("a file tells how far it is, and goes on as a message", async () => {
  const {id, progress} = add("a.png", "image/png");
  calls[0].onProgress(0.4);
  assert.equal(progress.value, 0.4);
  assert.match(uploads.list.value[0].file.url, /^blob:/);
  const file = {id: "f", kind: "image", name: "a.png"};
  calls[0].resolve({file});
  await live.settled();
  assert.deepEqual(sent, [
    {conversation: "c", friend: "bob", type: "image", content: "caption", reply: undefined, file},
  ]);
  assert.deepEqual(uploads.list.value, []);
  assert.ok(id);
});

test("two go at once, the next when one has ended or is given up", async () => {
  const [first] = ["a.txt", "b.txt", "c.txt"].map((name) => add(name));
  assert.deepEqual(
    calls.map(({name}) => name),
    ["a.txt", "b.txt"],
  );
  uploads.discard(first.id);
  await live.settled();
  assert.deepEqual(
    calls.map(({name}) => name),
    ["a.txt", "b.txt", "c.txt"],
  );
  assert.deepEqual(
    uploads.list.value.map(({file}) => file.name),
    ["b.txt", "c.txt"],
  );
  assert.deepEqual(sent, []);
});

test("what is refused says why, and can be tried again", async () => {
  const {id} = add("a.txt");
  calls[0].reject(new Refusal("quota_exceeded", "too much"));
  await live.settled();
  assert.deepEqual(uploads.list.value[0].error, {code: "quota_exceeded", message: "too much"});
  uploads.retry(id);
  assert.equal(uploads.list.value[0].error, undefined);
  assert.equal(calls.length, 2);
});

test("what the connection has cut begins again with the next", async () => {
  add("a.txt");
  live.becomes("reconnecting");
  calls[0].reject(new TypeError("cut"));
  await live.settled();
  assert.equal(uploads.list.value[0].error, undefined);
  live.becomes("live");
  assert.equal(calls.at(-1).name, "a.txt");
});
