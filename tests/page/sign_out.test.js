import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";
import {Drafts} from "#js/chat/drafts.js";
import {Outbox} from "#js/chat/outbox.js";
import {Uploads} from "#js/chat/uploads.js";
import {Refusal} from "#js/core/session.js";
import {signOut} from "#js/shell/sign_out.js";
import {FakeLive, FakeStorage} from "./support.js";

let app;
let isSignedOut;
let asked;
beforeEach(() => {
  globalThis.localStorage = new FakeStorage();
  const base = {live: new FakeLive(), me: {id: "me"}};
  const outbox = new Outbox(base);
  [isSignedOut, asked] = [false, 0];
  const session = {
    signOut: async ({before}) => {
      before();
      isSignedOut = true;
    },
  };
  app = {...base, session, outbox, drafts: new Drafts(base), uploads: new Uploads({...base, session, outbox})};
  app.drafts.set("with-bob", {text: "secret"});
});
afterEach(() => {
  delete globalThis.localStorage;
});

const kept = () => Object.values(localStorage).join("");
const answering = (isWanted) => ({
  ask: async () => {
    asked += 1;
    return isWanted;
  },
});

test("who signs out leaves no draft behind", async () => {
  await signOut(app, answering(false));
  assert.deepEqual([isSignedOut, asked], [true, 0]);
  assert.equal(kept().includes("secret"), false);
});

test("what was not sent is given up when its writer says so, and not before", async () => {
  app.outbox.add({type: "text", conversation: "c", friend: "bob", content: "unsent"});
  await signOut(app, answering(false));
  assert.deepEqual([isSignedOut, asked, app.outbox.list.value.length], [false, 1, 1]);
  assert.match(kept(), /secret.*unsent|unsent.*secret/);
  await signOut(app, answering(true));
  assert.equal(isSignedOut, true);
  assert.deepEqual(app.outbox.list.value, []);
  assert.equal(/secret|unsent/.test(kept()), false);
});

test("where signing out fails nothing is lost", async () => {
  app.session.signOut = async () => {
    throw new Refusal("unavailable", "the database is away");
  };
  app.outbox.add({type: "text", conversation: "c", friend: "bob", content: "unsent"});
  await signOut(app, answering(true));
  assert.equal(app.outbox.list.value.length, 1);
  assert.match(kept(), /secret/);
});
