// Checks of the ways to the server: does each carry anything?

import {ask, call, connect, heard, join, openManager, openStream} from "#js/diagnostics/checks/doors.js";
import {Failure} from "#js/diagnostics/checks/run.js";
import {t} from "#js/core/texts.js";

const HEARTBEAT_MS = 90_000;

async function health() {
  const answer = await fetch("/health", {credentials: "omit"});
  const said = await answer.json();
  if (said.status !== "ok") {
    throw new Failure(`${answer.status}: ${(said.failed ?? []).join(", ")}`);
  }
  return `${answer.status} ${said.status}`;
}

/** Connect by one transport; with a token, be let in and get an answer. */
const by =
  (transport) =>
  async ({token, later}) => {
    const manager = await openManager([transport], later);
    if (manager.engine.transport.name !== transport) {
      throw new Failure(manager.engine.transport.name);
    }
    if (!token) {
      return t("diagnostics.seen_without_token");
    }
    const socket = await join(manager, token);
    await ask(socket, "ping", {});
    return t("diagnostics.seen_answered");
  };

async function upgrade({later}) {
  const manager = await openManager(["polling", "websocket"], later);
  const transport = await heard(manager.engine, "upgrade");
  return `polling → ${transport.name}`;
}

async function reconnection({token, later}) {
  const manager = await openManager(["websocket"], later, {reconnection: true, reconnectionDelay: 100});
  const socket = await join(manager, token);
  const first = socket.id;
  const again = heard(socket, "connect");
  manager.engine.close();
  await again;
  if (socket.id === first) {
    throw new Failure(first);
  }
  return t("diagnostics.seen_back");
}

async function heartbeat({later}) {
  const manager = await openManager(["websocket"], later);
  const begun = performance.now();
  await heard(manager, "ping");
  return t("diagnostics.seen_heartbeat", {seconds: ((performance.now() - begun) / 1000).toFixed(1)});
}

async function pricesStream({token, later}) {
  const stream = await openStream(`/ws/stock/prices${query(token)}`, later);
  await stream.next("connected");
  const [subscribed, update] = [stream.next("subscribed"), stream.next("price_update")];
  stream.send({type: "subscribe", subscription_type: "market", target: "ALL"});
  await subscribed;
  const {count} = await update;
  await pinged(stream);
  return t("diagnostics.seen_quotes", {count});
}

async function notificationsStream({token, later}) {
  const stream = await openStream(`/api/ws/notifications${query(token)}`, later);
  const {data} = await stream.next("connected");
  await pinged(stream);
  return data.username;
}

async function notificationEvents({token, later}) {
  const giveUp = new AbortController();
  later(() => giveUp.abort());
  const answer = await fetch("/api/notifications/stream", {
    credentials: "omit",
    headers: {Accept: "text/event-stream", Authorization: `Bearer ${token}`},
    signal: giveUp.signal,
  });
  if (!answer.ok) {
    throw new Failure(String(answer.status), answer.status === 401 ? "token" : undefined);
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ;) {
    const {value, done} = await reader.read();
    text += value ?? "";
    if (text.includes("event: connected")) {
      return "event: connected";
    }
    if (done) {
      throw new Failure(text.slice(0, 100));
    }
  }
}

async function restCall({token}) {
  const {username} = await call(token, "GET", "/users/me");
  return username;
}

async function severalClients({token, later}) {
  const ways = ["polling", "websocket", "polling", "websocket", "websocket"];
  const opening = ways.map((way) => connect(token, later, [way]));
  await Promise.allSettled(opening); // none is left half open when another fails
  const sockets = await Promise.all(opening);
  await Promise.all(sockets.map((socket) => ask(socket, "ping", {})));
  return t("diagnostics.seen_clients", {count: new Set(sockets.map(({id}) => id)).size});
}

async function pinged(stream) {
  const pong = stream.next("pong");
  stream.send({type: "ping"});
  await pong;
}

/** Browsers send no headers with a WebSocket; the page's own address stays without. */
const query = (token) => (token ? `?token=${encodeURIComponent(token)}` : "");

export const TRANSPORTS = [
  {name: "health", run: health, advice: "health"},
  {name: "polling", run: by("polling"), advice: "polling"},
  {name: "websocket", run: by("websocket"), advice: "proxy"},
  {name: "upgrade", run: upgrade, advice: "proxy"},
  {name: "prices_stream", run: pricesStream, advice: "proxy"},
  {name: "rest", run: restCall, advice: "health", needsToken: true},
  {name: "notifications_socket", run: notificationsStream, advice: "proxy", needsToken: true},
  {name: "notifications_events", run: notificationEvents, advice: "buffering", needsToken: true},
  {name: "reconnection", run: reconnection, advice: "proxy", needsToken: true},
  {name: "several_clients", run: severalClients, advice: "several", needsToken: true},
  {name: "heartbeat", run: heartbeat, advice: "heartbeat", isSlow: true, patience: HEARTBEAT_MS},
];
