// A Socket.IO client that is steered by hand; every frame of it goes into the log.

import {signal} from "@preact/signals";
import {Manager} from "socket.io-client";
import {t} from "#js/core/texts.js";
import {decodeFrame, fromPacket} from "#js/diagnostics/direct/frames.js";
import {msgpackManager} from "#js/diagnostics/direct/msgpack.js";

const ENGINE_DIGITS = {open: 0, close: 1, ping: 2, pong: 3, message: 4, upgrade: 5, noop: 6};

/** `state` is a signal of "closed", "connecting" or "open", `transport` of its name, `id` of the socket's id. */
export class DirectClient {
  state = signal("closed");
  transport = signal("");
  id = signal("");
  #log;
  #manager = null;
  #socket = null;
  #turn = 0; // grows with every wish to connect or to disconnect: only the last one counts

  constructor(log) {
    this.#log = log;
  }

  /** `options` are `{url, path, namespace, transports, parser, auth, reconnects}`. */
  async connect({url, path, namespace, transports, parser, auth, reconnects}) {
    this.disconnect();
    const turn = this.#turn;
    this.state.value = "connecting";
    const Chosen = await this.#managerFor(parser);
    if (turn !== this.#turn) {
      return; // somebody has thought better of it
    }
    this.#log.note(t("diagnostics.note_connecting"), `${url}${path} ${namespace} ${transports.join(", ")}`);
    const manager = new Chosen(url, {path, transports, reconnection: reconnects, autoConnect: false});
    const socket = manager.socket(namespace, {auth});
    this.#manager = manager;
    this.#socket = socket;
    const watch = () => this.#watch(manager.engine, parser === "msgpack" ? decodeWith(manager.decoder) : decodeFrame);
    this.#listen(manager, socket, reconnects);
    // The engine of the next try is there when this has been told.
    manager.on("reconnect_attempt", () => queueMicrotask(watch));
    socket.connect();
    watch();
  }

  /** Cut the transport as a network does; a client that may come back does so. */
  cut() {
    this.#manager?.engine.close();
  }

  disconnect() {
    this.#turn += 1;
    this.#manager?.reconnection(false);
    this.#socket?.disconnect();
    this.#manager = null;
    this.#socket = null;
    this.state.value = "closed";
  }

  /** Send an event; with `timeout` its ack is awaited that many ms, and its time returned. */
  async emit(event, args, timeout) {
    if (!this.#socket) {
      throw new Error(t("diagnostics.not_connected"));
    }
    if (!timeout) {
      this.#socket.emit(event, ...args);
      return null;
    }
    const begun = performance.now();
    try {
      await this.#socket.timeout(timeout).emitWithAck(event, ...args);
    } catch {
      this.#log.note(t("diagnostics.note_no_ack"), event, {isBad: true});
      return null;
    }
    return performance.now() - begun;
  }

  /** Return the `Manager` of a parser; if it cannot be had, there is nothing that connects. */
  async #managerFor(parser) {
    const turn = this.#turn;
    try {
      return parser === "msgpack" ? await msgpackManager() : Manager;
    } catch (error) {
      if (turn === this.#turn) {
        this.disconnect();
      }
      throw error;
    }
  }

  #listen(manager, socket, reconnects) {
    const isPresent = () => this.#socket === socket;
    const goesOn = () => (reconnects && socket.active ? "connecting" : "closed");
    const become = (state) => isPresent() && (this.state.value = state);
    socket.on("connect", () => {
      become("open");
      this.id.value = socket.id;
      this.transport.value = manager.engine.transport.name;
      this.#log.note(t(`diagnostics.note_${socket.recovered ? "recovered" : "connected"}`), socket.id);
    });
    socket.on("disconnect", (reason) => {
      become(goesOn());
      this.#log.note(t("diagnostics.note_disconnected"), reason, {isBad: isPresent()});
    });
    socket.on("connect_error", (error) => {
      become(goesOn());
      this.#log.note(t("diagnostics.note_refused"), error.message, {isBad: true});
    });
  }

  #watch(engine, decode) {
    const told = (direction) => (packet) => this.#log.frame(direction, frameOf(packet), decode);
    engine.on("packet", told("in"));
    engine.on("packetCreate", told("out"));
    engine.on("upgrade", ({name}) => {
      this.transport.value = name;
      this.#log.note(t("diagnostics.note_upgraded"), name);
    });
  }
}

/** The frame as it stands on the wire; bytes travel without a digit. */
const frameOf = ({type, data}) =>
  typeof data === "string" || data === undefined ? `${ENGINE_DIGITS[type]}${data ?? ""}` : data;

/** How frames are read of a parser whose packets are bytes: by another decoder of its kind. */
function decodeWith({constructor: Decoder}) {
  return (frame) => {
    if (typeof frame === "string") {
      return decodeFrame(frame);
    }
    const decoder = new Decoder();
    let decoded;
    decoder.on("decoded", (packet) => (decoded = fromPacket(packet)));
    try {
      decoder.add(frame);
    } catch (error) {
      return {engine: "message", error: error.message};
    }
    return decoded;
  };
}
