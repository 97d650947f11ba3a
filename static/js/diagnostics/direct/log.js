// What went over the wire, the newest last; the oldest are forgotten.

import {signal} from "@preact/signals";
import {decodeFrame, describe, eventOf, sizeOf} from "#js/diagnostics/direct/frames.js";

const MOST = 1_000;

/** `entries` is a signal of `{number, at, direction, title, detail, size?, event?, isHeartbeat?, isBad?}`. */
export class Log {
  entries = signal([]);
  #number = 0;

  /** A frame that came ("in") or went ("out"); `decode` is that of another parser. */
  frame(direction, frame, decode = decodeFrame) {
    const decoded = decode(frame);
    this.#add({
      direction,
      ...describe(decoded),
      size: sizeOf(frame),
      event: eventOf(decoded),
      isHeartbeat: decoded.engine === "ping" || decoded.engine === "pong",
      isBad: Boolean(decoded.error) || decoded.packet?.type === "CONNECT_ERROR",
    });
  }

  /** A message of a stream that has no frames of its own. */
  message(direction, title, text) {
    this.#add({direction, title, detail: text, size: sizeOf(text)});
  }

  /** Something that is no frame: a connection, a cut, an ack that did not come. */
  note(title, detail = "", {isBad = false} = {}) {
    this.#add({direction: "note", title, detail, isBad});
  }

  clear() {
    this.entries.value = [];
  }

  /** How often each event came or went, by name. */
  events() {
    const counts = new Map();
    for (const {event} of this.entries.value) {
      if (event !== null && event !== undefined) {
        counts.set(event, (counts.get(event) ?? 0) + 1);
      }
    }
    return [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
  }

  #add(entry) {
    const added = {number: ++this.#number, at: Date.now(), ...entry};
    this.entries.value = [...this.entries.value.slice(1 - MOST), added];
  }
}
