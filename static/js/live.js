// The Socket.IO connection, and the truth about it.

import {io} from "/socket.io/socket.io.esm.min.js";
import {Refusal} from "./session.js";

const ACK_TIMEOUT_MS = 10_000;
const CHECK_TIMEOUT_MS = 4_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 10_000;

/** The connection went away before an answer came: what was asked may have been done or not. */
export class ConnectionLost extends Error {}

/** The connection seems to be there, but the answer did not come in time. */
export class AckTimeout extends Error {}

/** Events: "state" after each change of `state`: "connecting", "live", "reconnecting" or "offline". */
export class Live extends EventTarget {
  state = "connecting";
  attempt = 0;
  #session;
  #socket;
  #retry = 0;
  #checking = false;

  constructor(session) {
    super();
    this.#session = session;
    this.#socket = io({
      autoConnect: false,
      auth: (give) => give({token: session.token}),
      reconnectionDelay: FIRST_RETRY_MS,
      reconnectionDelayMax: LONGEST_RETRY_MS,
    });
    this.#listen();
  }

  start() {
    this.#set("connecting");
    this.#socket.connect();
  }

  stop() {
    clearTimeout(this.#retry);
    this.#socket.disconnect();
  }

  retryNow() {
    clearTimeout(this.#retry);
    this.#socket.disconnect().connect();
  }

  on(event, listener) {
    this.#socket.on(event, listener);
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
      throw new Refusal(ack.error.code, ack.error.message);
    }
    return ack;
  }

  #listen() {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.attempt = 0;
      this.#set("live");
    });
    socket.on("disconnect", (reason) => {
      if (reason === "io client disconnect") {
        return;
      }
      this.#lost();
      if (reason === "io server disconnect") {
        this.#comeBack(); // the client does not by itself: signed out
      }
    });
    socket.on("connect_error", (error) => {
      this.#lost();
      if (!socket.active) {
        this.#comeBack(error.data?.code === "unauthorized");
      }
    });
    socket.on("token_expired", () => this.#session.renew().catch(() => {})); // else the session tries again later
    this.#session.addEventListener("renewed", () => this.#showToken());
    socket.io.on("reconnect_attempt", (attempt) => {
      this.attempt = attempt;
      this.#lost();
    });
    window.addEventListener("offline", () => (socket.connected ? this.#check() : this.#lost()));
    window.addEventListener("online", () => (socket.connected ? this.#check() : this.#wake()));
    document.addEventListener("visibilitychange", () => document.hidden || this.#check());
  }

  /** Let the open connection go on with the new token; one that cannot comes back with it, once it is cut. */
  #showToken() {
    this.ask("refresh_token", {token: this.#session.token}).catch(() => {});
  }

  #wake() {
    if (this.#session.user) {
      this.retryNow();
    }
  }

  #lost() {
    if (this.#session.user) {
      this.#set(navigator.onLine ? "reconnecting" : "offline");
    }
  }

  #set(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  /** Connect again after the server has refused or expelled this client, with a token that holds. */
  async #comeBack(atOnce = false) {
    this.attempt += 1;
    const pause = atOnce && this.attempt === 1 ? 0 : Math.min(FIRST_RETRY_MS * 2 ** this.attempt, LONGEST_RETRY_MS);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(async () => {
      try {
        await this.#session.renew();
      } catch {
        if (this.#session.user) {
          this.#comeBack(); // the server does not answer now
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
