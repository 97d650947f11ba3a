// The Socket.IO connection, and the truth about it.

import {signal} from "@preact/signals";
import {io} from "socket.io-client";
import {Refusal} from "#js/core/session.js";

const ACK_TIMEOUT_MS = 10_000;
const CHECK_TIMEOUT_MS = 4_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** The connection went away before an answer came: what was asked may have been done or not. */
export class ConnectionLost extends Error {}

/** The connection seems to be there, but the answer did not come in time. */
export class AckTimeout extends Error {}

/** Return after how many ms to try again; `told` is how long the server said that it will be away. */
export function pauseBefore(attempt, told, chance = Math.random) {
  // Not all at the same moment: a server that comes back should not be met by everybody at once.
  const pause = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS) * (0.5 + chance());
  return told * (1 + chance()) + pause;
}

/**
 * `state` is a signal of "connecting", "live", "reconnecting" or "offline"; `attempt` of how often it has tried to come back,
 * `retryAt` of when it tries next, in ms of the clock, or 0 while it does; `transport` of what carries it while it is live,
 * "polling" or "websocket".
 */
export class Live {
  state = signal("connecting");
  attempt = signal(0);
  retryAt = signal(0);
  transport = signal("polling");
  #session;
  #socket;
  #retry = 0;
  #checking = false;
  #told = 0;

  constructor(session) {
    this.#session = session;
    this.#socket = io({autoConnect: false, reconnection: false, auth: (give) => give({token: session.token})});
    this.#listen();
  }

  start() {
    this.#set("connecting");
    this.#socket.connect();
  }

  retryNow() {
    clearTimeout(this.#retry);
    this.retryAt.value = 0;
    this.#socket.disconnect().connect();
  }

  /** Hear an event; returns what ends that. */
  on(event, listener) {
    this.#socket.on(event, listener);
    return () => this.#socket.off(event, listener);
  }

  /** Send an event and return its ack. Throws Refusal, ConnectionLost or AckTimeout. */
  async ask(event, payload) {
    if (!this.#socket.connected) {
      throw new ConnectionLost(event);
    }
    let ack;
    try {
      ack = await this.#socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, payload);
    } catch {
      throw this.#socket.connected ? new AckTimeout(event) : new ConnectionLost(event);
    }
    if (!ack.ok) {
      throw new Refusal(ack.error.code, ack.error.message, ack.error);
    }
    return ack;
  }

  #listen() {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.attempt.value = 0;
      this.#noteTransport();
      this.#set("live");
    });
    socket.on("disconnect", (reason) => {
      if (reason !== "io client disconnect") {
        this.#comeBack({renewed: reason === "io server disconnect"}); // it may have been signed out
      }
    });
    socket.on("connect_error", (error) => this.#comeBack({renewed: error.data?.code === "unauthorized"}));
    socket.on("server_shutdown", ({reconnect_in_ms: pause}) => {
      this.#told = pause;
    });
    socket.on("token_expired", () => this.#session.renew().catch(() => {})); // else the session tries again later
    this.#session.addEventListener("renewed", () => this.#showToken());
    window.addEventListener("offline", () => (socket.connected ? this.#check() : this.#lost()));
    window.addEventListener("online", () => (socket.connected ? this.#check() : this.#wake()));
    document.addEventListener("visibilitychange", () => document.hidden || this.#check());
  }

  #noteTransport() {
    const {engine} = this.#socket.io;
    this.transport.value = engine.transport.name;
    engine.once("upgrade", ({name}) => (this.transport.value = name));
  }

  /** Let the open connection go on with the new token; one that cannot comes back with it, once it is cut. */
  #showToken() {
    this.ask("refresh_token", {token: this.#session.token}).catch(() => {});
  }

  #wake() {
    if (this.#session.user.value) {
      this.retryNow();
    }
  }

  #lost() {
    if (this.#session.user.value) {
      this.state.value = navigator.onLine ? "reconnecting" : "offline";
    }
  }

  #set(state) {
    this.retryAt.value = 0;
    this.state.value = state;
  }

  /** Connect again after a while, when `renewed` with a new token: the server has refused or expelled this client. */
  #comeBack({renewed}) {
    const attempt = ++this.attempt.value;
    this.#lost();
    const atOnce = renewed && attempt === 1;
    this.#retryAfter(atOnce ? 0 : pauseBefore(attempt, this.#told), renewed);
    this.#told = 0;
  }

  #retryAfter(pause, renewed) {
    clearTimeout(this.#retry);
    this.retryAt.value = Date.now() + pause;
    this.#retry = setTimeout(async () => {
      this.retryAt.value = 0;
      try {
        await (renewed && this.#session.renew());
      } catch {
        if (this.#session.user.value) {
          this.#comeBack({renewed}); // the server does not answer now
        }
        return;
      }
      this.#socket.connect();
    }, pause);
  }

  /** Ask for a sign of life: a connection that a sleeping phone or a lost network has broken looks open. */
  async #check() {
    if (!this.#socket.connected || this.#checking) {
      return;
    }
    this.#checking = true;
    try {
      await this.#socket.timeout(CHECK_TIMEOUT_MS).emitWithAck("ping", {});
    } catch {
      this.#socket.io.engine?.close();
    }
    this.#checking = false;
  }
}
