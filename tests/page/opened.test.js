import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";
import {Drafts} from "#js/chat/drafts.js";
import {Limits} from "#js/chat/limits.js";
import {OpenedConversations} from "#js/chat/opened.js";
import {Outbox} from "#js/chat/outbox.js";
import {signal} from "#js/core/view.js";
import {FakeApp, group, message, BOB} from "./chat_support.js";
import {FakeStorage} from "./support.js";

let app;
let opened;
beforeEach(() => {
  globalThis.localStorage = new FakeStorage();
  app = new FakeApp();
  app.friends = {list: signal([]), following: {state: signal("ready")}};
  app.limits = new Limits(app);
  app.drafts = new Drafts(app);
  app.outbox = new Outbox(app);
  app.live.answers("join_chat", ({conversation_id: id}) => ({
    conversation: group(id, id, [BOB]),
    messages: [],
    updated: [],
    has_more: false,
  }));
  for (const event of ["leave_chat", "mark_delivered"]) {
    app.live.answers(event, () => ({}));
  }
  app.live.becomes("live");
  opened = new OpenedConversations(app, () => {});
});
afterEach(() => {
  delete globalThis.localStorage;
});

const open = async (number) => {
  const conversation = opened.of({id: `c${number}`});
  await conversation.join();
  return conversation;
};
const asked = (event) => app.live.asked.filter(([name]) => name === event).map(([, {conversation_id: id}]) => id);

test("of many that were opened the last ones are followed, and those that are in use", async () => {
  const seen = await open(0);
  seen.history.isOpen = true;
  const begun = await open(1);
  begun.composition.attachStock({symbol: "600519"});
  const left = await open(2);
  for (let number = 3; number < 22; number += 1) {
    await open(number);
  }
  assert.deepEqual(asked("leave_chat"), ["c2", "c3"]);
  assert.equal(opened.find("c2"), null);
  assert.equal(opened.find("c0"), seen);
  assert.equal(opened.of({id: "c1"}), begun);
  app.live.tell("new_message", {conversation_id: "c2", message: message(1, BOB)});
  assert.deepEqual(left.messages.value, []);
  assert.notEqual(await open(2), left);
});

test("with the next connection only those that are followed are entered again", async () => {
  for (let number = 0; number < 30; number += 1) {
    await open(number);
  }
  app.live.asked.length = 0;
  app.live.becomes("reconnecting");
  app.live.becomes("live");
  await app.live.settled();
  assert.equal(new Set(asked("join_chat")).size, 20);
});
