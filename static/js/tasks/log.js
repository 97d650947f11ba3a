// What was told of a task, as it comes; it can be held, and filtered.

import {useApp} from "#js/app.js";
import {exactTime, moment} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {messageOf} from "#js/tasks/words.js";
import {useFollowedEnd} from "#js/ui/followed_end.js";
import {Icon} from "#js/ui/icon.js";
import {SearchField} from "#js/ui/field.js";

export function Log({id, isOpen, isFolded}) {
  const {tasks} = useApp();
  const [filter, setFilter] = useState("");
  const [held, setHeld] = useState(null);
  const events = held ?? tasks.log(id);
  const missing = held ? tasks.log(id).length - held.length : 0;
  const shown = events.filter(({data}) => messageOf(data).toLowerCase().includes(filter.trim().toLowerCase()));
  return html`
    <details class="task-log" open=${!isFolded}>
      <summary>${t("work.log")} <span class="badge quiet">${tasks.log(id).length}</span></summary>
      <div class="toolbar">
        <${SearchField} label=${t("work.log_filter")} value=${filter} onInput=${setFilter} />
        ${
          (isOpen || held) &&
          html`<button
            type="button"
            class="quiet"
            aria-pressed=${held !== null}
            onClick=${() => setHeld(held ? null : events)}
          >
            <${Icon} name=${held ? "play" : "pause"} />
            ${held ? (missing > 0 ? t("work.log_go_on_count", {count: missing}) : t("work.log_go_on")) : t("work.log_hold")}
          </button>`
        }
      </div>
      <${Lines} events=${shown} />
      ${shown.length === 0 && html`<p class="hint task-log-none">${t(filter ? "work.log_no_match" : "work.log_empty")}</p>`}
    </details>
  `;
}

function Lines({events}) {
  return html`
    <div class="task-log-lines" role="log" aria-label=${t("work.log")} tabindex="0" ...${useFollowedEnd()}>
      <ol>
        ${events.map(
          ({type, data}, index) => html`
            ${
              data.attempt > 1 &&
              data.attempt !== events[index - 1]?.data.attempt &&
              html`<li class="task-log-attempt" key=${`attempt ${data.attempt}`}>
                ${t("work.attempt", {number: data.attempt})}
              </li>`
            }
            <li key=${data.seq} data-kind=${type}>
              <time datetime=${data.timestamp} title=${moment(data.timestamp)}>${exactTime(data.timestamp)}</time>
              <span class="task-log-step">${data.total_steps ? `${data.step}/${data.total_steps}` : ""}</span>
              <span>${messageOf(data)}</span>
            </li>
          `,
        )}
      </ol>
    </div>
  `;
}
