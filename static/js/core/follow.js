// Following something that the server tells of: register first, then fetch, then apply, so that nothing is missed or doubled.

import {computed, signal} from "@preact/signals";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;

/**
 * Keep a model in step with the server, from now on and after each new connection.
 *
 * `fetch()` asks for the present state, `take(answer)` puts it in the model, `events` maps names to what applies one. Events
 * that come while a fetch is under way wait until it is taken; as they may already be in it, applying one twice has to do no
 * harm. Returns `{state, error, refresh, stop}`: a signal of "loading", "ready" or "error", one of the error, and functions.
 */
export function follow(live, {fetch, take, events = {}}) {
  const state = signal("loading");
  const error = signal(null);
  let held = null;
  let wanted = 0;
  let retry = 0;
  let failures = 0;

  const stops = Object.entries(events).map(([name, apply]) =>
    live.on(name, (payload) => (held ? held.push(() => apply(payload)) : apply(payload))),
  );
  const unsubscribe = live.state.subscribe((now) => now === "live" && refresh());

  async function refresh() {
    const turn = ++wanted;
    clearTimeout(retry);
    held ??= [];
    try {
      const answer = await fetch();
      if (turn === wanted) {
        take(answer);
        failures = 0;
        error.value = null;
        state.value = "ready";
      }
    } catch (problem) {
      if (turn === wanted) {
        failed(problem);
      }
    }
    if (turn === wanted) {
      const waiting = held;
      held = null;
      waiting.forEach((apply) => apply());
    }
  }

  function failed(problem) {
    if (state.value !== "ready") {
      error.value = problem;
      state.value = "error";
    }
    if (live.state.value === "live") {
      retry = setTimeout(refresh, Math.min(FIRST_RETRY_MS * 2 ** failures++, LONGEST_RETRY_MS));
    }
  }

  function stop() {
    wanted += 1;
    held = null;
    clearTimeout(retry);
    unsubscribe();
    stops.forEach((forget) => forget());
  }

  return {state, error, refresh, stop};
}

/** Several that are followed as one, for a view that needs all of them. */
export function together(...followings) {
  const having = (state) => followings.find((following) => following.state.value === state);
  return {
    state: computed(() => (having("error") ?? having("loading") ?? followings[0]).state.value),
    error: computed(() => having("error")?.error.value ?? null),
    refresh: () => Promise.all(followings.map((following) => following.refresh())),
  };
}
