// The doors of the server, as checks go through them.

import {Manager} from "socket.io-client";
import {unwrap} from "#js/core/session.js";
import {language} from "#js/core/texts.js";
import {Failure} from "#js/diagnostics/checks/run.js";

const ACK_MS = 8_000;

/** Resolve with what an emitter of `on` and `off` tells next under this name, if `isMeant` holds for it. */
export function heard(emitter, event, isMeant = () => true) {
  return new Promise((resolve) => {
    const listen = (...told) => {
      if (isMeant(...told)) {
        emitter.off(event, listen);
        resolve(told[0]);
      }
    };
    emitter.on(event, listen);
  });
}

/** Open an Engine.IO connection by these transports; it is closed at the end of the check. */
export async function openManager(transports, later, options = {}) {
  const manager = new Manager(location.origin, {transports, autoConnect: false, reconnection: false, ...options});
  later(() => {
    manager.reconnection(false);
    manager.engine.close();
  });
  await new Promise((resolve, reject) => {
    manager.open((error) => (error ? reject(new Failure(reasonOf(error))) : resolve()));
  });
  return manager;
}

/** Join the namespace `/` with a token. */
export async function join(manager, token) {
  const socket = manager.socket("/", {auth: {token}});
  await new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", (error) => reject(refusal(error)));
    socket.connect();
  });
  return socket;
}

/** Connect as a client does. */
export const connect = async (token, later, transports = ["websocket"]) =>
  join(await openManager(transports, later), token);

function refusal(error) {
  const isRefused = error.data?.code === "unauthorized";
  return Object.assign(new Failure(reasonOf(error), isRefused ? "token" : undefined), {code: error.data?.code});
}

const reasonOf = (error) => [error.message, error.description?.message ?? error.description].filter(isText).join(": ");
const isText = (part) => part && ["string", "number"].includes(typeof part);

/** Send an event and return its ack; a refusal is a failure with `code`. */
export async function ask(socket, event, payload) {
  const ack = await socket
    .timeout(ACK_MS)
    .emitWithAck(event, payload)
    .catch(() => {
      throw new Failure(`${event}: no ack`);
    });
  if (!ack.ok) {
    throw Object.assign(new Failure(`${event}: ${ack.error.message}`), {code: ack.error.code});
  }
  return ack;
}

/** Call the REST API; returns the data of the answer. */
export async function call(token, method, path, body) {
  const answer = await fetch(`/api${path}`, {
    method,
    credentials: "omit",
    headers: {Authorization: `Bearer ${token}`, "Accept-Language": language.value, "Content-Type": "application/json"},
    body: body && JSON.stringify(body),
  });
  try {
    return unwrap(answer.status, await answer.json());
  } catch (error) {
    throw new Failure(`${method} ${path}: ${error.message}`, error.code === "unauthorized" ? "token" : undefined);
  }
}

/** A WebSocket of JSON texts: `next(type)` resolves with the next message of a type. */
export async function openStream(path, later) {
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${path}`);
  later(() => socket.close());
  const stream = new Stream(socket);
  await stream.opened;
  return stream;
}

class Stream {
  #socket;
  #waiting = [];
  #failure = null;

  constructor(socket) {
    this.#socket = socket;
    this.opened = this.#promise((message) => message === null);
    socket.onopen = () => this.#take(null);
    socket.onmessage = ({data}) => this.#take(JSON.parse(data));
    socket.onclose = ({code, reason}) => this.#end(code, reason);
  }

  next(type) {
    return this.#promise((message) => message?.type === type);
  }

  send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #promise(isMeant) {
    if (this.#failure) {
      return Promise.reject(this.#failure);
    }
    const promise = new Promise((resolve, reject) => this.#waiting.push({isMeant, resolve, reject}));
    promise.catch(() => {}); // a check that has ended waits for nothing any more
    return promise;
  }

  #take(message) {
    const [met, waiting] = [true, false].map((isMet) =>
      this.#waiting.filter(({isMeant}) => isMeant(message) === isMet),
    );
    this.#waiting = waiting;
    met.forEach(({resolve}) => resolve(message));
  }

  #end(code, reason) {
    const failure = new Failure(`closed with ${code} ${reason}`.trim(), code === 4401 ? "token" : undefined);
    this.#failure = Object.assign(failure, {code});
    this.#waiting.forEach(({reject}) => reject(this.#failure));
    this.#waiting = [];
  }
}
