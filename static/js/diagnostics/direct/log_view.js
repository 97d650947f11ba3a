// The log: every frame decoded, with direction, size and time.

import {bytes, exactTime} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Switch} from "#js/ui/field.js";
import {useFollowedEnd} from "#js/ui/followed_end.js";
import {Icon} from "#js/ui/icon.js";
import {Empty} from "#js/ui/state.js";

const SHOWN = 300;
const ICONS = {in: "down", out: "up", note: "info"};

export function LogView({log}) {
  const [chosen, setChosen] = useState(null);
  const [withHeartbeats, setWithHeartbeats] = useState(true);
  const isShown = ({event, isHeartbeat}) => (withHeartbeats || !isHeartbeat) && (!chosen || event === chosen);
  const entries = log.entries.value.filter(isShown).slice(-SHOWN);
  return html`
    <section class="card log" aria-labelledby="log-title">
      <div class="log-head">
        <h2 id="log-title">${t("diagnostics.log")}</h2>
        <${Switch} label=${t("diagnostics.heartbeats")} checked=${withHeartbeats} onChange=${setWithHeartbeats} />
        <button type="button" class="quiet" onClick=${() => log.clear()}>
          <${Icon} name="trash" />${t("diagnostics.clear")}
        </button>
      </div>
      <${Events} log=${log} chosen=${chosen} onChoose=${setChosen} />
      ${
        entries.length
          ? html`<${Entries} entries=${entries} />`
          : html`<${Empty}
              icon="activity"
              title=${t("diagnostics.nothing_yet")}
              text=${t("diagnostics.nothing_yet_hint")}
            />`
      }
    </section>
  `;
}

/** Every event that was seen; one that is pressed is shown alone. */
const Events = ({log, chosen, onChoose}) => html`
  <div class="chips" role="group" aria-label=${t("diagnostics.events")}>
    ${log
      .events()
      .map(
        ([event, count]) => html`
          <button
            key=${event}
            type="button"
            class="chip"
            aria-pressed=${event === chosen}
            onClick=${() => onChoose(event === chosen ? null : event)}
          >
            ${event}<span class="badge quiet">${count}</span>
          </button>
        `,
      )}
  </div>
`;

function Entries({entries}) {
  return html`
    <ol class="entries" tabindex="0" aria-label=${t("diagnostics.log")} ...${useFollowedEnd()}>
      ${entries.map((entry) => html`<${Entry} key=${entry.number} ...${entry} />`)}
    </ol>
  `;
}

const Entry = ({at, direction, title, detail, size, isBad}) => html`
  <li class="entry" data-direction=${direction} data-state=${isBad ? "red" : undefined}>
    <time class="entry-time">${exactTime(at)}.${String(at % 1000).padStart(3, "0")}</time>
    <${Icon} name=${ICONS[direction]} label=${t(`diagnostics.direction_${direction}`)} />
    <div class="entry-words"><b>${title}</b> <code>${detail}</code></div>
    <span class="entry-size">${size !== undefined && bytes(size)}</span>
  </li>
`;
