// What the server allows, so that it can be said before something is tried.

import {signal} from "#js/core/view.js";

export class Limits {
  /** `{max_file_size, file_extensions, recall_window}`, or null as long as nobody knows. */
  known = signal(null);

  constructor({session, live}) {
    live.state.subscribe(async (state) => {
      if (state === "live") {
        this.known.value = await session.request("GET", "/limits").catch(() => this.known.value);
      }
    });
  }

  /** Why a file cannot be sent: "too_large", "unsupported" or "empty"; null where nothing is known against it. */
  problemOf({name, size, type}) {
    const {value: known} = this.known;
    if (!size) {
      return "empty";
    }
    if (known && size > known.max_file_size) {
      return "too_large";
    }
    const extension = name.includes(".") ? name.split(".").at(-1).toLowerCase() : "";
    const isKnown = !known || !extension || known.file_extensions.includes(extension) || type === "text/plain";
    return isKnown ? null : "unsupported";
  }

  /** Whether a message may still be recalled. */
  mayRecall({created_at: at}, now = Date.now()) {
    return !this.known.value || now - new Date(at) < this.known.value.recall_window * 1000;
  }
}
