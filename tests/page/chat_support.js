// People, messages and conversations as the server shows them, and an app that answers as a test says.

import {signal} from "@preact/signals";
import {Refusal} from "#js/core/session.js";
import {FakeLive} from "./support.js";

globalThis.document ??= new EventTarget(); // what the session listens to

export const ME = {id: "me", username: "me", display_name: "Me"};
export const BOB = {id: "bob", username: "bob", display_name: "Bob"};
export const CAROL = {id: "carol", username: "carol", display_name: "Carol"};

const NOON = Date.UTC(2026, 0, 5, 12);

/** A time, `minutes` after noon. */
export const at = (minutes) => new Date(NOON + minutes * 60_000).toISOString();

export const friend = (user, state = "online") => ({...user, presence: {state, last_seen: at(0)}});

export const message = (seq, sender, others = {}) => ({
  id: `message ${seq}`,
  seq,
  sender,
  type: "text",
  content: `message ${seq}`,
  created_at: at(seq),
  ...others,
});

/** A conversation with somebody. */
export const direct = (id, user, {last = null, unread = 0, ...others} = {}) => ({
  id,
  kind: "direct",
  members: [ME, user].map((member) => ({...member, role: "member"})),
  member_count: 2,
  last_seq: last?.seq ?? 0,
  revision: last?.seq ?? 0,
  unread,
  read: {},
  delivered: {},
  created_at: at(0),
  pinned: false,
  ...(last ? {last_message: last} : {}),
  ...others,
});

export const group = (id, name, people, others = {}) => ({
  ...direct(id, BOB, others),
  kind: "group",
  name,
  owner_id: ME.id,
  members: [ME, ...people].map((member) => ({...member, role: member === ME ? "owner" : "member"})),
  member_count: people.length + 1,
});

/** An app with nothing but what models need; `answers` are by "METHOD /path", values or functions of the body. */
export class FakeApp {
  me = ME;
  live = new FakeLive();
  outbox = {list: signal([]), onSent: () => {}, discard: () => {}};
  uploads = {list: signal([])};
  caughtUp = {missed: 0, add: (count) => (this.caughtUp.missed += count)};
  requests = [];
  answers = {};
  session = {
    user: signal(ME),
    request: async (method, path, body) => {
      this.requests.push(`${method} ${path}`);
      const answer = this.answers[`${method} ${path}`];
      const given = typeof answer === "function" ? await answer(body) : answer;
      if (given === undefined) {
        throw new Refusal("not_found", "not found");
      }
      return given;
    },
  };
}
