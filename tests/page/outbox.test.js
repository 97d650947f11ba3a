import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";
import {Outbox} from "#js/chat/outbox.js";
import {ConnectionLost} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";
import {FakeLive, FakeStorage} from "./support.js";

let live;
let sent;
beforeEach(() => {
  globalThis.localStorage = new FakeStorage();
  live = new FakeLive();
  sent = [];
  live.answers("send_message", (message) => {
    sent.push(message.content);
    return {message: {client_msg_id: message.client_msg_id}};
  });
});
afterEach(() => {
  delete globalThis.localStorage;
});

const open = (id = "me") => new Outbox({live, me: {id}});
const write = (outbox, content, more) => outbox.add({type: "text", conversation: "c", friend: "bob", content, ...more});
const texts = (outbox) => outbox.list.value.map(({content}) => content);

test("what is written offline is sent in its order with the next connection", async () => {
  const outbox = open();
  ["one", "two", "three"].forEach((text) => write(outbox, text));
  assert.deepEqual(sent, []);
  live.becomes("live");
  await live.settled();
  assert.deepEqual(sent, ["one", "two", "three"]);
  assert.deepEqual(outbox.list.value, []);
  assert.deepEqual(Object.keys(localStorage), []);
});

test("it outlives a reload, and belongs to who wrote it", async () => {
  const {id} = write(open(), "kept");
  assert.deepEqual(texts(open("somebody else")), []);
  const outbox = open();
  assert.deepEqual(texts(outbox), ["kept"]);
  live.becomes("live");
  await live.settled();
  assert.equal(live.asked[0][1].client_msg_id, id);
});

test("what is written in one moment keeps its order over a reload", (context) => {
  context.mock.timers.enable({apis: ["Date"], now: 1_000});
  const outbox = open();
  ["one", "two", "three"].forEach((text) => write(outbox, text));
  const stored = Object.entries(localStorage);
  globalThis.localStorage = new FakeStorage();
  stored.toReversed().forEach(([name, value]) => localStorage.setItem(name, value)); // in no order
  assert.deepEqual(texts(open()), ["one", "two", "three"]);
});

test("what was lost with the connection is sent again under the same id", async () => {
  const outbox = open();
  live.answers("send_message", () => {
    throw new ConnectionLost("send_message");
  });
  live.becomes("live");
  const {id} = write(outbox, "lost");
  await live.settled();
  assert.deepEqual(texts(outbox), ["lost"]);
  live.becomes("reconnecting");
  live.answers("send_message", ({client_msg_id: again}) => {
    sent.push(again);
    return {message: {}};
  });
  live.becomes("live");
  await live.settled();
  assert.deepEqual(sent, [id]);
});

test("what is refused stays, says why, and does not hold up the rest", async () => {
  live.becomes("live");
  const outbox = open();
  live.answers("send_message", ({content}) => {
    if (content === "bad") {
      throw new Refusal("invalid_input", "not like this");
    }
    sent.push(content);
    return {message: {}};
  });
  const {id} = write(outbox, "bad");
  write(outbox, "good");
  await live.settled();
  assert.deepEqual(sent, ["good"]);
  assert.deepEqual(outbox.list.value[0].error, {code: "invalid_input", message: "not like this"});
  assert.deepEqual(open().list.value[0].error.code, "invalid_input");
  live.answers("send_message", ({content}) => {
    sent.push(content);
    return {message: {}};
  });
  outbox.retry(id);
  await live.settled();
  assert.deepEqual(sent, ["good", "bad"]);
  assert.deepEqual(outbox.list.value, []);
});

test("a server that cannot at the moment is asked again", async (context) => {
  context.mock.timers.enable({apis: ["setTimeout"]});
  live.becomes("live");
  const outbox = open();
  live.answers("send_message", () => {
    throw new Refusal("unavailable", "the database is away");
  });
  write(outbox, "patient");
  await live.settled();
  assert.equal(outbox.list.value[0].error, undefined);
  live.answers("send_message", () => ({message: {}}));
  context.mock.timers.tick(1_000);
  await live.settled();
  assert.deepEqual(outbox.list.value, []);
});

test("one that is given up is not sent", async () => {
  const outbox = open();
  const {id} = write(outbox, "no");
  outbox.discard(id);
  live.becomes("live");
  await live.settled();
  assert.deepEqual(sent, []);
});

test("who listens hears of what arrived before it leaves the list", async () => {
  const outbox = open();
  live.becomes("live");
  const heard = [];
  outbox.onSent((message) => heard.push([message.client_msg_id, texts(outbox)]));
  const {id} = write(outbox, "heard");
  await live.settled();
  assert.deepEqual(heard, [[id, ["heard"]]]);
});

test("tabs take turns: one sends, the other finds nothing left", async () => {
  const listeners = [];
  globalThis.addEventListener = (_, listener) => listeners.push(listener);
  const queue = fakeLocks();
  try {
    const [one, other] = [open(), open()];
    live.becomes("live");
    write(one, "once");
    const key = Object.keys(localStorage)[0];
    listeners[1]({key}); // a storage event comes in the other tabs
    assert.deepEqual(texts(other), ["once"]);
    await live.settled();
    assert.deepEqual(sent, ["once"]);
    assert.deepEqual(texts(other), []);
  } finally {
    delete globalThis.addEventListener;
    queue.restore();
  }
});

/** Locks as a browser has them. */
function fakeLocks() {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  let last = Promise.resolve();
  const locks = {
    request(_, work) {
      last = last.then(work);
      return last;
    },
  };
  Object.defineProperty(globalThis, "navigator", {value: {locks}, configurable: true});
  return {
    restore: () => (before ? Object.defineProperty(globalThis, "navigator", before) : delete globalThis.navigator),
  };
}
