// How far a task is: bar, step, message, how long it has taken and how long it may take.

import {useApp} from "#js/app.js";
import {duration} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";
import {isOpen, statusOf, timing} from "#js/tasks/states.js";
import {messageOf} from "#js/tasks/words.js";
import {Icon} from "#js/ui/icon.js";
import {Progress} from "#js/ui/progress.js";

const LOOK_MS = 3_000;

export function HowFar({task}) {
  const {tasks} = useApp();
  const isWaiting = task.state === "queued";
  useEffect(() => {
    if (!isWaiting) {
      return;
    }
    tasks.look(task.id);
    const timer = setInterval(() => !document.hidden && tasks.look(task.id), LOOK_MS);
    return () => clearInterval(timer);
  }, [task.id, isWaiting]);
  const {state, progress, ahead} = task;
  const place =
    isWaiting && ahead !== undefined && (ahead > 0 ? t("work.queue_ahead", {count: ahead}) : t("work.queue_next"));
  return html`
    <div class="how-far">
      <${Progress}
        value=${state === "running" && progress === 0 ? null : progress / 100}
        label=${t("work.progress")}
        state=${statusOf(task)}
      />
      ${task.type === "analysis" && html`<${Steps} task=${task} />`}
      <p class="how-far-message" aria-live="polite">${messageOf(task)}</p>
      <p class="hint">${place && `${place} · `}<${Times} task=${task} /></p>
    </div>
  `;
}

/** At which step it is, how long it has taken, how long it may take. */
export function Times({task}) {
  const {elapsed, rest} = timing(task, useNow(isOpen(task)));
  const {step, total_steps: total} = task;
  return [
    total > 0 && t("work.step", {step, total}),
    elapsed !== null && t("work.elapsed", {time: duration(elapsed)}),
    rest !== null && t("work.rest", {time: duration(Math.ceil(rest))}),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** The steps of an analysis: `step` of them are done. */
function Steps({task: {state, step, total_steps: total}}) {
  const stateOf = (number) =>
    number <= step ? "done" : number === step + 1 && state === "running" ? "current" : "left";
  return html`
    <ol class="steps">
      ${Array.from({length: total}, (_, index) => index + 1).map(
        (number) => html`
          <li
            key=${number}
            data-step=${stateOf(number)}
            aria-current=${stateOf(number) === "current" ? "step" : undefined}
          >
            ${stateOf(number) === "done" && html`<${Icon} name="check" label=${t("work.step_done")} />`}
            ${t(`work.step_${number}`)}
          </li>
        `,
      )}
    </ol>
  `;
}

function useNow(isRunning) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = isRunning ? setInterval(() => setNow(Date.now()), 1_000) : 0;
    return () => clearInterval(timer);
  }, [isRunning]);
  return Math.max(now, isRunning ? Date.now() : 0);
}
