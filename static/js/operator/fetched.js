// What a view asks for when it opens, and again when it is told to.

import {signal} from "@preact/signals";
import {useEffect, useMemo} from "#js/core/view.js";

/** `value`, `state` and `error` are signals; the newest question counts. */
export class Fetched {
  value = signal(null);
  state = signal("loading");
  error = signal(null);
  #fetch;
  #turn = 0;

  constructor(fetch) {
    this.#fetch = fetch;
  }

  refresh = async () => {
    const turn = ++this.#turn;
    if (this.state.peek() === "error") {
      this.state.value = "loading";
    }
    try {
      const value = await this.#fetch();
      if (turn === this.#turn) {
        this.value.value = value;
        this.state.value = "ready";
      }
    } catch (error) {
      if (turn === this.#turn) {
        this.error.value = error;
        this.state.value = "error";
      }
    }
  };
}

/** Ask when the view opens, and anew when one of `inputs` changes. */
export function useFetched(fetch, inputs) {
  const fetched = useMemo(() => new Fetched(fetch), inputs);
  useEffect(() => {
    fetched.refresh();
  }, [fetched]);
  return fetched;
}
