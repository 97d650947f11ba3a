// How far a task is: bar, step, message, how long it has taken and how long it may take.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useEffect} from "#js/core/view.js";
import {statusOf} from "#js/tasks/states.js";
import {Times} from "#js/tasks/times.js";
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
      <p class="hint"><${Times} task=${task} place=${place} /></p>
    </div>
  `;
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
