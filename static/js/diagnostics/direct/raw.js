// A connection without Socket.IO's client: a WebSocket, Server-Sent Events or Engine.IO's polls, as bare as a browser has them.

import {signal} from "@preact/signals";
import {t} from "#js/core/texts.js";
import {decodePayload} from "#js/diagnostics/direct/frames.js";

/** What can be opened: how, and where. */
export const DOORS = {
  prices: {way: "websocket", path: "/ws/stock/prices"},
  notifications: {way: "websocket", path: "/api/ws/notifications"},
  events: {way: "events", path: "/api/notifications/stream"},
  engine: {way: "websocket", path: "/socket.io/?EIO=4&transport=websocket"},
  polling: {way: "polling", path: "/socket.io/?EIO=4&transport=polling"},
};

/** `isOpen` is a signal; what comes and goes is in the log. */
export class RawConnection {
  isOpen = signal(false);
  #log;
  #connection = null;

  constructor(log) {
    this.#log = log;
  }

  open(way, path, token) {
    this.close();
    const open = {websocket: openSocket, events: openEvents, polling: openPolling}[way];
    this.isOpen.value = true;
    this.#log.note(t("diagnostics.note_connecting"), `${way} ${path}`);
    const connection = open(path, token, {
      heard: (title, text) => this.#log.message("in", title, text),
      ended: (why, isBad) => this.#ended(connection, why, isBad),
    });
    this.#connection = connection;
  }

  send(text) {
    this.#log.message("out", "", text);
    this.#connection.send(text);
  }

  close() {
    const connection = this.#connection;
    this.#ended(connection, "", false);
    connection?.close();
  }

  #ended(connection, why, isBad) {
    if (connection && this.#connection === connection) {
      this.#connection = null;
      this.isOpen.value = false;
      this.#log.note(t("diagnostics.note_disconnected"), why, {isBad});
    }
  }
}

/** Browsers send no headers with a WebSocket, and Engine.IO takes none: a token goes with the address. */
function addressWith(token, path, base = location.origin) {
  const url = new URL(path, base);
  if (token) {
    url.searchParams.set("token", token);
  }
  return url;
}

function openSocket(path, token, {heard, ended}) {
  const url = addressWith(token, path, location.origin.replace(/^http/, "ws"));
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({data}) =>
    heard("", typeof data === "string" ? data : t("diagnostics.bytes", {count: data.byteLength}));
  socket.onclose = ({code, reason}) => ended(`${code} ${reason}`, code !== 1000);
  return {send: (text) => socket.readyState === WebSocket.OPEN && socket.send(text), close: () => socket.close()};
}

function openEvents(path, token, told) {
  const giveUp = new AbortController();
  readEvents(path, token, giveUp.signal, told.heard).then(
    (why) => told.ended(why, true),
    (error) => told.ended(error.message, true),
  );
  return {send: () => {}, close: () => giveUp.abort()};
}

/** Read a stream of events until it ends; returns the status. */
async function readEvents(path, token, abort, heard) {
  const headers = {Accept: "text/event-stream", ...(token && {Authorization: `Bearer ${token}`})};
  const answer = await fetch(path, {credentials: "omit", headers, signal: abort});
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const events = (text + piece.value).split("\n\n");
    text = events.pop();
    events.forEach((event) => heard("", event));
  }
  if (text) {
    heard("", text);
  }
  return String(answer.status);
}

/** Polls follow each other until one is refused; what is sent goes in a POST. */
function openPolling(path, token, {heard, ended}) {
  const giveUp = new AbortController();
  const address = addressWith(token, path);
  const request = (body, signal) =>
    fetch(address, {method: body === undefined ? "GET" : "POST", credentials: "omit", body, signal});
  const ask = async (body) => {
    const answer = await request(body, giveUp.signal);
    const text = await answer.text();
    heard(`${body === undefined ? "GET" : "POST"} ${answer.status}`, text);
    return answer.ok ? text : null;
  };
  const poll = async () => {
    for (let text = await ask(); text !== null; text = await ask()) {
      const sid = decodePayload(text).find(({engine}) => engine === "open")?.data?.sid;
      if (sid) {
        address.searchParams.set("sid", sid);
      }
    }
  };
  const failed = (error) => ended(error.message, true);
  const close = () => {
    giveUp.abort();
    if (address.searchParams.has("sid")) {
      request("1").catch(() => {}); // of a session that nobody ends the server keeps all until its ping timeout
    }
  };
  poll().then(() => ended("", true), failed);
  return {send: (text) => ask(text).catch(failed), close};
}
