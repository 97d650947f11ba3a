import assert from "node:assert/strict";
import {afterEach, beforeEach, mock, test} from "node:test";
import {BOB, CAROL, FakeApp, ME, at, friend} from "./chat_support.js";
import {Friends} from "#js/chat/friends.js";

let app, friends;

beforeEach(async () => {
  mock.timers.enable({apis: ["setTimeout"]});
  app = new FakeApp();
  app.answers = {
    "GET /friends": {friends: [friend(BOB)]},
    "GET /friends/requests": {requests: []},
    "GET /friends/blocked": {blocked: []},
  };
  friends = new Friends(app);
  app.live.becomes("live");
  await app.live.settled();
});

afterEach(() => mock.timers.reset());

const asked = (id, from, to) => ({id, from_user: from, to_user: to, created_at: at(0)});
const names = () => friends.list.value.map(({username}) => username);

test("a request that comes waits until it is accepted", async () => {
  const request = asked("r1", CAROL, ME);
  app.live.tell("friend_request", request);
  app.live.tell("friend_request", request);
  assert.deepEqual(friends.incoming.value, [request]);
  assert.deepEqual(friends.standing("carol"), {is: "incoming", request});
  app.answers["POST /friends/requests/r1/accept"] = {friend: CAROL};
  await friends.accept(request);
  app.live.tell("friend_accepted", request);
  assert.deepEqual(names(), ["bob", "carol"]);
  assert.deepEqual(friends.requests.value, []);
  assert.equal(friends.standing("carol").is, "friend");
});

test("one's own request shows until it is answered or taken back", async () => {
  app.answers["POST /friends/requests"] = ({username}) => asked(`to ${username}`, ME, CAROL);
  await friends.ask("carol");
  assert.equal(friends.standing("carol").is, "outgoing");
  app.live.tell("friend_request_removed", {request_id: "to carol"});
  assert.equal(friends.standing("carol").is, "none");
  await friends.ask("carol");
  app.answers["DELETE /friends/requests/to carol"] = null;
  await friends.withdraw({id: "to carol"});
  assert.deepEqual(friends.outgoing.value, []);
});

test("who has asked at the same moment is shown so", async () => {
  app.answers["POST /friends/requests"] = () => {
    throw Object.assign(new Error("asked you"), {code: "conflict"});
  };
  app.answers["GET /friends/requests"] = {requests: [asked("r1", CAROL, ME)]};
  await assert.rejects(friends.ask("carol"));
  await app.live.settled();
  assert.equal(friends.standing("carol").is, "incoming");
});

test("presences and profiles change in place, and a picture that was removed is gone", () => {
  app.live.tell("profile_updated", {user: {...BOB, display_name: "Robert", avatar: "/a"}});
  app.live.tell("user_offline", {user_id: "bob", state: "offline", last_seen: at(1)});
  mock.timers.tick(1_000);
  assert.deepEqual(friends.list.value, [
    {...BOB, display_name: "Robert", avatar: "/a", presence: {state: "offline", last_seen: at(1)}},
  ]);
  app.live.tell("profile_updated", {user: BOB});
  assert.equal("avatar" in friends.list.value[0], false);
});

test("a presence that is told while the friends are fetched is not lost", async () => {
  let answer;
  app.answers["GET /friends"] = () => new Promise((resolve) => (answer = resolve));
  const fetched = friends.following.refresh();
  app.live.tell("user_presence", {user_id: "bob", state: "idle", last_seen: at(2)});
  answer({friends: [friend(BOB)]});
  await fetched;
  mock.timers.tick(1_000);
  assert.equal(friends.list.value[0].presence.state, "idle");
});

test("a presence that was told before the friends are fetched does not replace the newer one", async () => {
  app.live.tell("user_offline", {user_id: "bob", state: "offline", last_seen: at(1)});
  await friends.following.refresh();
  mock.timers.tick(1_000);
  assert.equal(friends.list.value[0].presence.state, "online");
});

test("who is blocked is no friend, and what they asked is gone", async () => {
  app.live.tell("friend_request", asked("r1", CAROL, ME));
  app.answers["POST /friends/bob/block"] = app.answers["POST /friends/carol/block"] = null;
  await friends.block(BOB);
  await friends.block(CAROL);
  assert.deepEqual([names(), friends.requests.value], [[], []]);
  assert.equal(friends.standing("bob").is, "blocked");
  app.answers["DELETE /friends/bob/block"] = null;
  await friends.unblock("bob");
  assert.equal(friends.standing("bob").is, "none");
});

test("an end of the friendship is heard", () => {
  app.live.tell("friend_removed", {user_id: "bob"});
  assert.deepEqual(names(), []);
});

test("without a connection nobody is known to be there, until the next one tells", async () => {
  app.live.tell("user_presence", {user_id: "bob", state: "idle", last_seen: at(2)});
  app.live.becomes("reconnecting");
  mock.timers.tick(1_000);
  assert.equal(friends.byId.value.get("bob").presence.state, "unknown");
  app.live.becomes("live");
  assert.equal(friends.byId.value.get("bob").presence.state, "unknown");
  await app.live.settled();
  assert.equal(friends.byId.value.get("bob").presence.state, "online");
});

test("a request that is not there any more goes away", async () => {
  app.live.tell("friend_request", asked("r1", CAROL, ME)); // and the server knows of none
  await assert.rejects(friends.decline({id: "r1"}), {code: "not_found"});
  await app.live.settled();
  assert.deepEqual(friends.incoming.value, []);
});
