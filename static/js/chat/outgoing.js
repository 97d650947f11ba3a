// What is on its way out of one conversation: from the outbox, and files that are uploaded.

import {computed} from "#js/core/view.js";

const LATELY = 50;

/**
 * Return a signal of `{id, type, content, file?, reply?, at, error?, progress?, state}`, the oldest first; `state` is "sending",
 * "waiting" (for a connection) or "failed". Each is the same object as long as nothing of it has changed.
 */
export function outgoingOf({outbox, uploads, live}, conversation) {
  const shown = new WeakMap();
  const withState = (one, state) => {
    if (shown.get(one)?.state !== state) {
      shown.set(one, {...one, state});
    }
    return shown.get(one);
  };
  return computed(() => {
    const {id, friend, history} = conversation;
    const isOfIt = (one) => (one.conversation && one.conversation === id) || (one.friend && one.friend === friend?.id);
    const arrived = new Set(history.recent.value.slice(-LATELY).map((message) => message.client_msg_id));
    return [...uploads.list.value, ...outbox.list.value]
      .filter((one) => isOfIt(one) && !arrived.has(one.id))
      .sort((one, other) => one.at - other.at)
      .map((one) => withState(one, stateOf(one, live)));
  });
}

/** "sending", "waiting" or "failed". */
export const stateOf = ({error}, live) => (error ? "failed" : live.state.value === "live" ? "sending" : "waiting");

/** Return what was written last to each friend, or else in each conversation, and has not arrived: a map by their ids. */
export function newestOutgoing({outbox, uploads}) {
  const all = [...uploads.list.value, ...outbox.list.value].sort((one, other) => one.at - other.at);
  return new Map(all.map((one) => [one.friend ?? one.conversation, one]));
}
