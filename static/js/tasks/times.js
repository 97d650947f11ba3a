// At which step a task is, how long it has taken, how long it may take: going on by itself while it runs.

import {duration} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {signal} from "#js/core/view.js";
import {isOpen, timing} from "#js/tasks/states.js";

const TICK_MS = 1_000;
let timer = 0;

/** The present, for all that is shown of tasks at the same moment; it ticks while somebody looks. */
const now = signal(Date.now(), {
  watched() {
    timer = setInterval(() => (now.value = Date.now()), TICK_MS);
  },
  unwatched: () => clearInterval(timer),
});

/** `place` is said first, if there is one. */
export function Times({task, place}) {
  const {elapsed, rest} = timing(task, isOpen(task) ? Math.max(now.value, Date.now()) : 0);
  const {step, total_steps: total} = task;
  return [
    place,
    total > 0 && t("work.step", {step, total}),
    elapsed !== null && t("work.elapsed", {time: duration(elapsed)}),
    rest !== null && t("work.rest", {time: duration(Math.ceil(rest))}),
  ]
    .filter(Boolean)
    .join(" · ");
}
