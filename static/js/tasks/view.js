// The tasks: what there is beside what is open.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Detail} from "#js/tasks/detail.js";
import {TaskList} from "#js/tasks/list.js";
import {Start} from "#js/tasks/start.js";
import {Empty} from "#js/ui/state.js";

export function View({path}) {
  const {tasks} = useApp();
  const [id] = path;
  const isNew = tasks.following.state.value === "ready" && tasks.list("all").length === 0;
  return html`
    <div class="split tasks" data-pane=${id ? "detail" : "list"}>
      <section class="task-list" aria-label=${t("work.tasks")}>
        <${Start} />
        <${TaskList} chosen=${id} />
      </section>
      <section class="task-detail" aria-label=${t("work.task")}>
        ${
          id
            ? html`<${Detail} key=${id} id=${id} />`
            : html`<${Empty}
                icon="chart"
                title=${t(isNew ? "work.welcome" : "work.choose")}
                text=${t(isNew ? "work.welcome_text" : "work.choose_text")}
              />`
        }
      </section>
    </div>
  `;
}
