// What list and detail of the tasks have in common: the name of a task, and the word for its state.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, signal, useEffect} from "#js/core/view.js";
import {statusOf} from "#js/tasks/states.js";

const names = signal(new Map()); // symbol → the stock's name; "" while it is asked

/** Return the name of a stock, as soon as it is known. */
export function useStockName(symbol) {
  const {session} = useApp();
  useEffect(() => {
    if (symbol && !names.peek().has(symbol)) {
      const note = (name) => (names.value = new Map(names.peek()).set(symbol, name));
      note("");
      session.request("GET", `/stocks/${encodeURIComponent(symbol)}`).then(
        ({name}) => note(name),
        () => {}, // the symbol says it too
      );
    }
  }, [symbol]);
  return (symbol && names.value.get(symbol)) || "";
}

export function Title({task}) {
  const symbol = task.type === "analysis" ? task.params?.symbol : undefined;
  const name = useStockName(symbol);
  if (task.type !== "analysis") {
    return html`${task.type.replaceAll("_", " ")}`;
  }
  return html`${name || symbol || t("work.analysis")}${name && html` <span class="task-symbol">${symbol}</span>`}`;
}

const KINDS = {completed: "good", failed: "bad", lost: "bad", interrupted: "warn", timeout: "warn", running: "active"};

export function Status({task}) {
  const status = statusOf(task);
  return html`<span class="pill" data-kind=${KINDS[status]}>${t(`work.status_${status}`)}</span>`;
}
