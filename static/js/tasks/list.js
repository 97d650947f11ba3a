// The list of tasks under a filter.

import {useApp} from "#js/app.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Status, Title} from "#js/tasks/parts.js";
import {statusOf} from "#js/tasks/states.js";
import {FILTERS} from "#js/tasks/tasks.js";
import {Times} from "#js/tasks/times.js";
import {Progress} from "#js/ui/progress.js";
import {Empty, Listed, State} from "#js/ui/state.js";
import {Tabs} from "#js/ui/tabs.js";
import {Time} from "#js/ui/time.js";
import {complain} from "#js/ui/toasts.js";

export function TaskList({chosen}) {
  const {tasks} = useApp();
  const [filter, setFilter] = useState("all");
  const tabs = FILTERS.map((name) => ({
    name,
    text: t(`work.filter_${name}`),
    count: name === "open" ? tasks.open.length : 0,
  }));
  return html`
    <${Tabs} label=${t("work.filter")} tabs=${tabs} chosen=${filter} onChoose=${setFilter} />
    <div class="task-rows">
      <${State} following=${tasks.following}>
        <${Listed} key=${filter} model=${tasks} filter=${filter}><${Rows} filter=${filter} chosen=${chosen} /><//>
      <//>
    </div>
  `;
}

function Rows({filter, chosen}) {
  const {tasks} = useApp();
  const shown = tasks.list(filter);
  if (shown.length === 0) {
    return html`<${Empty} icon="tasks" title=${t("work.none")} text=${filter === "all" ? t("work.none_text") : ""} />`;
  }
  return html`
    <ul class="list">
      ${shown.map((task) => html`<${Row} key=${task.id} task=${task} isChosen=${task.id === chosen} />`)}
    </ul>
    ${
      tasks.hasMore(filter) &&
      html`<button type="button" class="quiet task-more" onClick=${() => tasks.more(filter).catch(complain)}>
        ${t("work.more")}
      </button>`
    }
  `;
}

function Row({task, isChosen}) {
  return html`
    <li>
      <a
        class="row task-row"
        href=${linkTo("tasks", task.id)}
        data-task=${task.id}
        data-state=${statusOf(task)}
        aria-current=${isChosen ? "true" : undefined}
      >
        <span class="row-main">
          <span class="row-title"><${Title} task=${task} /></span>
          ${
            task.state === "running"
              ? html`<${Progress} value=${task.progress / 100} label=${t("work.progress")} state=${statusOf(task)} />
                  <span class="row-text"><${Times} task=${task} /></span>`
              : html`<span class="row-text"><${Time} value=${task.created_at} /></span>`
          }
        </span>
        <span class="row-end"><${Status} task=${task} /></span>
      </a>
    </li>
  `;
}
