// One task: how far it is, what can be done, what was told of it, and what came out.

import {useApp} from "#js/app.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";
import {Log} from "#js/tasks/log.js";
import {Status, Title} from "#js/tasks/parts.js";
import {Report} from "#js/tasks/report.js";
import {printReport} from "#js/tasks/paper.js";
import {isOpen, isRetryable, statusOf} from "#js/tasks/states.js";
import {HowFar} from "#js/tasks/how_far.js";
import {confirm} from "#js/ui/dialog.js";
import {Icon} from "#js/ui/icon.js";
import {Empty, Loading, State} from "#js/ui/state.js";
import {Time} from "#js/ui/time.js";
import {complain} from "#js/ui/toasts.js";

export function Detail({id}) {
  const {tasks} = useApp();
  const [following, setFollowing] = useState(null);
  useEffect(() => {
    const begun = tasks.follow(id);
    setFollowing(begun);
    return begun.stop;
  }, [id]);
  const task = tasks.get(id);
  if (following?.error.value?.code === "not_found") {
    return html`<${Back} /><${Empty} icon="search" title=${t("work.unknown")} text=${t("work.unknown_text")} />`;
  }
  return html`
    <${Back} />
    ${
      !following || (!task && following.state.value === "ready")
        ? html`<${Loading} />`
        : html`<${State} following=${following}>${task && html`<${Task} task=${task} />`}<//>`
    }
  `;
}

const aboutOf = ({type, params, worker}) =>
  type === "analysis" && params ? t("work.days", {days: params.days}) : t(`work.worker_${worker.replace("-", "_")}`);

function Back() {
  return html`<a class="task-back" href=${linkTo("tasks")}><${Icon} name="back" />${t("work.back")}</a>`;
}

function Task({task}) {
  const status = statusOf(task);
  const isReport = task.type === "analysis" && task.state === "completed" && task.result;
  return html`
    <article class="task" data-task-state=${status}>
      <header class="task-head">
        <div>
          <h2><${Title} task=${task} /></h2>
          <p class="hint">${aboutOf(task)} · <${Time} value=${task.created_at} /></p>
        </div>
        <${Status} task=${task} />
        <${Actions} task=${task} />
      </header>
      ${(isOpen(task) || isRetryable(task)) && html`<${HowFar} task=${task} />`}
      ${isRetryable(task) && html`<p role="status">${t(`work.why_${status}`)}</p>`}
      ${isReport && html`<${Report} report=${task.result} />`}
      ${!isReport && task.result != null && html`<${Result} result=${task.result} />`}
      <${Log} id=${task.id} isOpen=${isOpen(task)} key=${isReport ? "folded" : "open"} isFolded=${Boolean(isReport)} />
    </article>
  `;
}

/** What a worker outside has handed in, as it is. */
function Result({result}) {
  return html`
    <h3>${t("work.result")}</h3>
    <pre class="task-result" tabindex="0" role="region" aria-label=${t("work.result")}>
${JSON.stringify(result, null, 2)}</pre>
  `;
}

function Actions({task}) {
  const {tasks} = useApp();
  const [isBusy, setBusy] = useState(false);
  const during = async (work) => {
    setBusy(true);
    await work().catch(complain);
    setBusy(false);
  };
  async function cancel() {
    const isWanted = await confirm({
      title: t("work.cancel_title"),
      text: t("work.cancel_text"),
      action: t("work.cancel"),
      isDangerous: true,
    });
    if (isWanted) {
      await during(() => tasks.cancel(task.id));
    }
  }
  const retry = () => during(() => tasks.retry(task.id));
  return html`
    <div class="task-actions">
      ${
        task.state === "completed" &&
        task.type === "analysis" &&
        html`<a class="button" href=${linkTo("market", task.params.symbol)}>
            <${Icon} name="market" />${t("work.open_stock")}
          </a>
          <button type="button" onClick=${printReport}><${Icon} name="download" />${t("work.print")}</button>`
      }
      ${
        isOpen(task) &&
        html`<button type="button" id="cancel-task" disabled=${isBusy} onClick=${cancel}>
          <${Icon} name="close" />${t("work.cancel")}
        </button>`
      }
      ${
        isRetryable(task) &&
        html`<button type="button" id="retry-task" class="primary" disabled=${isBusy} onClick=${retry}>
          <${Icon} name="retry" />${t("work.retry")}
        </button>`
      }
    </div>
  `;
}
