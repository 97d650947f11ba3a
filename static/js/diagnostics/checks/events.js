// Checks of what is said: every group of events, answered; and what is wrong, refused with words.

import {ask, call, connect, heard, openManager, join, openStream} from "#js/diagnostics/checks/doors.js";
import {Failure} from "#js/diagnostics/checks/run.js";
import {t} from "#js/core/texts.js";

const PINGS = 20;
const NOBODY = "0".repeat(24);
const WRONG_TOKEN = "not-a-token-of-this-server";

const said = (...names) => names.join(", ");

async function roundTrip({token, later}) {
  const socket = await connect(token, later);
  const times = [];
  for (let number = 0; number < PINGS; number++) {
    const begun = performance.now();
    await ask(socket, "ping", {number});
    times.push(performance.now() - begun);
  }
  times.sort((one, other) => one - other);
  const [p50, p99] = [0.5, 0.99].map((share) => times[Math.ceil(share * PINGS) - 1].toFixed(1));
  return t("diagnostics.seen_round_trip", {p50, p99});
}

async function pingPong({token, later}) {
  const socket = await connect(token, later);
  for (const [event, answer] of [
    ["ping", "pong"],
    ["app_ping", "app_pong"],
  ]) {
    const told = heard(socket, answer);
    await ask(socket, event, {});
    await told;
  }
  return said("pong", "app_pong");
}

async function binary({token, later}) {
  const socket = await connect(token, later);
  await ask(socket, "ping", {bytes: new Uint8Array(1000).buffer});
  return t("diagnostics.seen_answered");
}

/** In a group of one's own, made for this and left again: nobody else hears of it. */
async function chatEvents({token, later}) {
  const socket = await connect(token, later);
  const me = await call(token, "GET", "/users/me");
  const name = t("diagnostics.trial_group");
  const {conversation} = await call(token, "POST", "/conversations", {name, members: []});
  const id = conversation.id;
  later(() => call(token, "DELETE", `/conversations/${id}/members/${me.id}`));
  await ask(socket, "join_chat", {conversation_id: id});
  const arrival = heard(socket, "new_message", ({conversation_id: where}) => where === id);
  const {message} = await ask(socket, "send_message", {conversation_id: id, content: name});
  await arrival;
  const changed = heard(socket, "message_updated", (told) => told.message.id === message.id);
  await ask(socket, "edit_message", {message_id: message.id, content: `${name}!`});
  await changed;
  const where = {conversation_id: id};
  await ask(socket, "typing", {...where, is_typing: true});
  await ask(socket, "mark_delivered", {...where, seq: message.seq});
  await ask(socket, "mark_read", {...where, seq: message.seq});
  await ask(socket, "recall_message", {message_id: message.id});
  await ask(socket, "leave_chat", where);
  const marks = ["typing", "mark_delivered", "mark_read", "recall_message", "leave_chat"];
  return said("join_chat", "send_message", "new_message", "edit_message", "message_updated", ...marks);
}

async function priceEvents({token, later}) {
  const socket = await connect(token, later);
  const target = {subscription_type: "market", target: "ALL"};
  const {count} = await ask(socket, "subscribe_prices", target);
  await ask(socket, "unsubscribe_prices", target);
  return t("diagnostics.seen_quotes", {count});
}

async function taskEvents({token, later}) {
  const socket = await connect(token, later);
  const {tasks} = await call(token, "GET", "/tasks?limit=1");
  const [known] = tasks;
  if (!known) {
    await refused(socket, "watch_task", {task_id: NOBODY}, "not_found");
    return t("diagnostics.seen_no_task");
  }
  await ask(socket, "watch_task", {task_id: known.id});
  await ask(socket, "unwatch_task", {task_id: known.id});
  return said("watch_task", "unwatch_task");
}

async function notificationEvents({token, later}) {
  const socket = await connect(token, later);
  const {notifications} = await call(token, "GET", "/notifications?limit=1");
  const {notifications: missed} = await ask(socket, "resume_notifications", {after: notifications[0]?.id ?? NOBODY});
  await ask(socket, "mark_notifications_read", {ids: [NOBODY]});
  return `${said("resume_notifications", "mark_notifications_read")}: ${missed.length}`;
}

async function memberEvents({token, later}) {
  const socket = await connect(token, later);
  await ask(socket, "set_presence", {state: "online"});
  await ask(socket, "refresh_token", {token});
  return said("set_presence", "refresh_token");
}

async function refusedToken({later}) {
  const manager = await openManager(["websocket"], later);
  const refusal = await join(manager, WRONG_TOKEN).then(
    () => null,
    (error) => error,
  );
  if (refusal?.code !== "unauthorized") {
    throw new Failure(refusal?.message ?? t("diagnostics.let_in"));
  }
  const stream = await openStream(`/api/ws/notifications?token=${WRONG_TOKEN}`, later);
  const ending = await stream.next("connected").then(
    () => null,
    ({code}) => code,
  );
  if (ending !== 4401) {
    throw new Failure(t("diagnostics.let_in"));
  }
  return `${refusal.message} · 4401`;
}

async function refusedEvents({token, later}) {
  const socket = await connect(token, later);
  const words = await refused(socket, "join_chat", {}, "invalid_input");
  await refused(socket, "no_such_event", {}, "unknown_event");
  await ask(socket, "ping", {}); // and the connection lives on
  return words;
}

/** Send what has to be refused with this code; return the words. */
async function refused(socket, event, payload, code) {
  const answer = await ask(socket, event, payload).catch((failure) => failure);
  if (answer.code !== code) {
    throw new Failure(`${event}: ${answer.message ?? JSON.stringify(answer)}`);
  }
  return answer.message;
}

export const EVENTS = [
  {name: "round_trip", run: roundTrip, advice: "round_trip", needsToken: true},
  {name: "ping_pong", run: pingPong, advice: "event", needsToken: true},
  {name: "binary", run: binary, advice: "proxy", needsToken: true},
  {name: "chat_events", run: chatEvents, advice: "event", needsToken: true},
  {name: "price_events", run: priceEvents, advice: "event", needsToken: true},
  {name: "task_events", run: taskEvents, advice: "event", needsToken: true},
  {name: "notification_events", run: notificationEvents, advice: "event", needsToken: true},
  {name: "member_events", run: memberEvents, advice: "event", needsToken: true},
  {name: "refused_token", run: refusedToken, advice: "refused"},
  {name: "refused_events", run: refusedEvents, advice: "refused", needsToken: true},
];
