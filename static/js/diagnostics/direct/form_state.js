// What stands in the forms: of a link that somebody opened, else what was connected with last.

import {signal} from "@preact/signals";
import {keep, recall} from "#js/core/storage.js";
import {linkOf, readLink} from "#js/diagnostics/direct/link.js";

export const TRANSPORTS = {both: ["polling", "websocket"], websocket: ["websocket"], polling: ["polling"]};
export const PARSERS = ["default", "msgpack"];

const CONNECTION = {
  url: "",
  path: "/socket.io/",
  namespace: "/",
  transports: "both",
  parser: "default",
  reconnects: false,
};
const DRAFT = {event: "ping", args: "[{}]", timeout: 5_000};

const KEPT = "diagnostics-connection";

/** All of a connection but who one is: that is never written down. What an older version kept has fewer fields. */
export const settings = signal({...CONNECTION, ...recall(KEPT)});

/** Begin with this connection on the next visit. */
export const keepSettings = () => keep(KEPT, settings.value);

/** What is to be sent: `{event, args, timeout}`; `args` is the text that was written. */
export const draft = signal(DRAFT);

/** Take over what a link says; nothing is connected or sent by it. */
export function takeLink(hash) {
  const {event, args, timeout, ...connection} = readLink(hash);
  const isKnown = ([name, value]) =>
    name === "transports" ? value in TRANSPORTS : name !== "parser" || PARSERS.includes(value);
  const taken = Object.fromEntries(Object.entries(connection).filter(isKnown));
  if (Object.keys(taken).length) {
    settings.value = {...CONNECTION, ...taken, reconnects: settings.value.reconnects};
  }
  draft.value = {
    event: event ?? DRAFT.event,
    args: args ?? DRAFT.args,
    timeout: timeout === undefined ? DRAFT.timeout : Number(timeout) || 0,
  };
}

/** The address of this page as it stands now. */
export const address = () => `${location.pathname}#${linkOf({...settings.value, ...draft.value})}`;
