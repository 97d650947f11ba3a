import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";
import {Conversation} from "#js/chat/conversation.js";
import {ConnectionLost} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";
import {BOB, ME} from "./chat_support.js";
import {World} from "./conversation_world.js";
import {FakeStorage} from "./support.js";

let world;
beforeEach(() => {
  globalThis.localStorage = new FakeStorage();
  world = new World();
});
afterEach(() => {
  delete globalThis.localStorage;
});

const contents = (conversation) => conversation.messages.value.map(({content}) => content);
const numbers = (conversation) => conversation.messages.value.map(({seq}) => seq);

test("entering shows the newest messages, and counts what was not read", async () => {
  world.many(60);
  world.read.me = 58;
  const conversation = await world.enter();
  assert.equal(conversation.id, "c");
  assert.equal(conversation.state.value, "ready");
  assert.deepEqual([numbers(conversation)[0], numbers(conversation).at(-1)], [11, 60]);
  assert.equal(conversation.history.hasOlder, true);
  assert.equal(conversation.unread.value, 2);
  assert.equal(conversation.newFrom.value, 59);
});

test("what is refused at the first entering is an error that can be tried again", async () => {
  const answer = world.live.answers;
  const refusal = new Refusal("not_found", "nothing there");
  answer.call(world.live, "join_chat", () => {
    throw refusal;
  });
  await world.enter();
  assert.equal(world.conversation.state.value, "error");
  assert.equal(world.conversation.error.value, refusal);
});

test("who was away from a group and is in it again with the next connection can write", async () => {
  const conversation = await world.enter();
  world.live.tell("conversation_updated", {conversation_id: "c", removed: true});
  assert.equal(conversation.isGone.value, true);
  world.live.becomes("reconnecting");
  world.live.becomes("live");
  await world.live.settled();
  assert.equal(conversation.isGone.value, false);
  assert.equal(conversation.canWrite, true);
});

test("a conversation with somebody who is no friend is not asked for again and again", async (context) => {
  context.mock.timers.enable({apis: ["setTimeout"]});
  world.live.answers("join_chat", () => {
    throw new Refusal("not_friends", "you are not friends");
  });
  await world.enter();
  context.mock.timers.tick(3_000);
  await world.live.settled();
  assert.equal(world.asked("join_chat").length, 1);
});

test("a message that leaves a hole has it filled", async () => {
  world.says(BOB, "one");
  const conversation = await world.enter();
  world.says(BOB, "lost on the way");
  world.tell(world.says(BOB, "three"));
  await world.live.settled();
  assert.deepEqual(contents(conversation), ["one", "lost on the way", "three"]);
  assert.deepEqual(world.asked("join_chat").at(-1), {conversation_id: "c", after_seq: 1, after_revision: 1});
});

test("the next connection brings what was missed and what has changed, once", async () => {
  const [first] = world.many(2);
  const conversation = await world.enter();
  world.live.becomes("reconnecting");
  world.changed = [{...first, content: "changed"}];
  world.says(BOB, "missed");
  world.live.becomes("live");
  await world.live.settled();
  world.tell(world.messages[2]);
  assert.deepEqual(contents(conversation), ["changed", "message 1", "missed"]);
});

test("of too much that was missed the newest is loaded anew, and that is told", async () => {
  world.many(3);
  const conversation = await world.enter();
  conversation.history.isOpen = true;
  world.live.becomes("reconnecting");
  world.many(500);
  world.live.becomes("live");
  await world.live.settled();
  assert.deepEqual([numbers(conversation).length, conversation.renewals.value], [503, 0]);
  world.live.becomes("reconnecting");
  world.many(501);
  const told = [];
  conversation.messages.subscribe(() => told.push(conversation.renewals.peek()));
  world.live.becomes("live");
  await world.live.settled();
  assert.deepEqual([numbers(conversation).length, conversation.renewals.value], [50, 1]);
  assert.deepEqual(told, [0, 1]); // no later than the messages, so that it is known before they are drawn
  assert.equal(numbers(conversation).at(-1), 1004);
  assert.equal(conversation.unread.value, 1004);
  world.tell(world.says(BOB, "and on"));
  assert.equal(contents(conversation).at(-1), "and on");
});

test("an edited or recalled message changes above its replies too", async () => {
  const [first] = world.many(1);
  const reply = world.says(BOB, "indeed");
  reply.reply = {id: first.id, seq: 1, sender: BOB, type: "text", content: first.content};
  const conversation = await world.enter();
  world.live.tell("message_updated", {conversation_id: "c", message: {...first, content: "", recalled: true}});
  assert.equal(conversation.messages.value[0].recalled, true);
  assert.equal(conversation.messages.value[1].reply.recalled, true);
  assert.equal(conversation.messages.value[1].reply.content, "");
});

test("what one sends is shown at once, arrives once, and stands in one place", async () => {
  const conversation = await world.enter();
  conversation.send({content: "hello"});
  assert.deepEqual(
    conversation.outgoing.value.map(({content, state}) => [content, state]),
    [["hello", "sending"]],
  );
  await world.live.settled();
  assert.deepEqual(conversation.outgoing.value, []);
  assert.deepEqual(contents(conversation), ["hello"]);
  world.tell(world.messages[0]);
  assert.deepEqual(contents(conversation), ["hello"]);
  assert.equal(conversation.unread.value, 0);
});

test("others' marks say how far one's own messages have come", async () => {
  const conversation = await world.enter();
  conversation.send({content: "hello"});
  await world.live.settled();
  const [message] = conversation.messages.value;
  assert.equal(conversation.stateOf(message), "sent");
  world.live.tell("message_delivered", {conversation_id: "c", user_id: "bob", seq: 1});
  assert.equal(conversation.stateOf(message), "delivered");
  world.live.tell("message_read", {conversation_id: "c", user_id: "bob", seq: 1});
  assert.equal(conversation.stateOf(message), "read");
  world.live.tell("message_delivered", {conversation_id: "c", user_id: "bob", seq: 0});
  assert.equal(conversation.stateOf(message), "read");
});

test("only what is seen is marked as read", async () => {
  const conversation = await world.enter();
  world.tell(world.says(BOB, "unseen"));
  assert.equal(conversation.unread.value, 1);
  assert.equal(conversation.newFrom.value, 1);
  assert.deepEqual(world.asked("mark_read"), []);
  assert.deepEqual(world.asked("mark_delivered"), [{conversation_id: "c", seq: 1}]);
  conversation.read();
  assert.equal(conversation.unread.value, 0);
  assert.deepEqual(world.asked("mark_read"), [{conversation_id: "c", seq: 1}]);
  conversation.reading.isWatched = true;
  world.tell(world.says(BOB, "seen"));
  assert.equal(conversation.unread.value, 0);
  assert.equal(conversation.newFrom.value, 1);
  assert.deepEqual(world.asked("mark_read").at(-1), {conversation_id: "c", seq: 2});
});

test("what was read on another device is read here, and not told again", async () => {
  const conversation = await world.enter();
  world.many(3).forEach((message) => world.tell(message));
  world.live.tell("message_read", {conversation_id: "c", user_id: "me", seq: 2});
  assert.equal(conversation.unread.value, 1);
  conversation.read(2);
  assert.deepEqual(world.asked("mark_read"), []);
});

test("a mark that was lost with the connection is told with the next", async () => {
  const conversation = await world.enter();
  world.tell(world.says(BOB, "one"));
  world.live.answers("mark_read", () => {
    throw new ConnectionLost("mark_read");
  });
  conversation.read();
  world.live.answers("mark_read", () => ({}));
  world.live.becomes("reconnecting");
  world.live.becomes("live");
  await world.live.settled();
  assert.equal(world.asked("mark_read").length, 2);
  assert.equal(conversation.unread.value, 0);
});

test("looking back loads page by page, a jump shows a stretch that joins the newest again", async () => {
  world.many(400);
  world.read.me = 400;
  const conversation = await world.enter();
  const {history} = conversation;
  await history.loadOlder();
  assert.deepEqual([numbers(conversation)[0], numbers(conversation).at(-1)], [301, 400]);
  await history.show(100);
  assert.deepEqual([numbers(conversation)[0], numbers(conversation).at(-1)], [51, 150]);
  world.tell(world.says(BOB, "meanwhile"));
  assert.equal(numbers(conversation).at(-1), 150);
  for (let turn = 0; turn < 3; turn += 1) {
    await history.loadNewer();
  }
  assert.equal(history.past.value, null);
  assert.deepEqual(
    numbers(conversation),
    Array.from({length: 351}, (_, index) => index + 51),
  );
  await history.show(20);
  history.showRecent();
  assert.equal(numbers(conversation).at(-1), 401);
});

test("of two stretches that were asked for the later is shown", async () => {
  world.many(400);
  const {history} = await world.enter();
  await Promise.all([history.show(100), history.show(380)]);
  assert.equal(history.past.value, null);
  const shown = history.show(100);
  history.showRecent();
  await shown;
  assert.equal(history.past.value, null);
});

test("two calls for the same page load it once", async () => {
  world.many(200);
  const conversation = await world.enter();
  await Promise.all([conversation.history.loadOlder(), conversation.history.loadOlder()]);
  assert.equal(world.requests.filter((path) => path.includes("before_seq")).length, 1);
});

test("who is no longer a friend, or in the group, cannot write", async () => {
  const conversation = await world.enter();
  assert.equal(conversation.canWrite, true);
  world.app.friends.list.value = [];
  assert.equal(conversation.canWrite, false);
  world.app.friends.list.value = [BOB];
  world.live.tell("conversation_updated", {conversation_id: "c", removed: true});
  assert.equal(conversation.canWrite, false);
});

test("a draft says whom it replies to, is kept, and is gone once it is sent", async () => {
  const [first] = world.many(1);
  const conversation = await world.enter();
  const {composition} = conversation;
  composition.text = "to be";
  composition.reply(first);
  assert.equal(new Conversation(world.app, {friend: BOB}).composition.text, "to be");
  assert.equal(composition.replyTo.id, first.id);
  composition.submit();
  assert.equal(composition.text, "");
  assert.equal(composition.replyTo, null);
  await world.live.settled();
  assert.equal(world.asked("send_message")[0].reply_to, first.id);
});

test("white space and too much cannot be sent", async () => {
  const {composition} = await world.enter();
  composition.text = " \n ";
  assert.equal(composition.canSend, false);
  composition.text = "字".repeat(10_000);
  assert.equal(composition.canSend, true);
  composition.text = "😀".repeat(10_001);
  assert.equal(composition.left, -1);
  assert.equal(composition.canSend, false);
});

test("the caption of a file can be taken away, a text cannot", async () => {
  const {composition} = await world.enter();
  world.live.answers("edit_message", ({content}) => ({message: {...world.says(ME, content), type: "file"}}));
  composition.edit({id: "m1", type: "text", content: "said"});
  composition.text = "  ";
  assert.deepEqual([composition.canSend, composition.isCaption], [false, false]);
  composition.edit({id: "m1", type: "file", content: "the report"});
  composition.text = "  ";
  assert.deepEqual([composition.canSend, composition.isCaption], [true, true]);
  await composition.submit();
  assert.deepEqual(world.asked("edit_message"), [{message_id: "m1", content: ""}]);
});

test("a file that the server would not take is told of before it is sent", async () => {
  const {composition} = await world.enter();
  world.app.limits.known.value = {max_file_size: 10, file_extensions: ["png", "txt"], recall_window: 120};
  const file = (name, size, type = "") => ({name, size, type});
  composition.attachFiles([file("a.txt", 5), file("b.exe", 5), file("c.png", 11), file("d.txt", 0)]);
  assert.deepEqual(
    composition.attachments.value.map(({problem}) => problem),
    [null, "unsupported", "too_large", "empty"],
  );
  assert.equal(composition.canSend, false);
  composition.attachments.value.slice(1).forEach((one) => composition.detach(one));
  assert.equal(composition.canSend, true);
});

test("files beyond the most are left out, and nothing of them is held", async (context) => {
  const {composition} = await world.enter();
  world.app.limits.known.value = null;
  let urls = 0;
  context.mock.method(URL, "createObjectURL", () => `blob:${++urls}`);
  const pictures = Array.from({length: 12}, (_, number) => ({name: `${number}.png`, size: 1, type: "image/png"}));
  composition.attachFiles(pictures);
  assert.equal(composition.attachments.value.length, 10);
  assert.equal(urls, 10);
  composition.attachStock({symbol: "600519"});
  assert.equal(composition.attachments.value.length, 10);
});

test("what nobody looks at does not grow without bound, what somebody reads is not cut", async () => {
  const {history, unread} = await world.enter();
  const tell = (count) => world.many(count).forEach((message) => world.tell(message));
  tell(500);
  assert.deepEqual([history.recent.value.length, history.end], [300, 500]);
  history.isOpen = true;
  tell(100);
  assert.deepEqual([history.recent.value.length, history.end], [400, 600]);
  history.isOpen = false;
  assert.deepEqual([history.recent.value.length, history.end], [300, 600]);
  assert.equal(unread.value, 600);
});
