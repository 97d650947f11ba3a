// The audit trail: who did what, the newest first.

import {useApp} from "#js/app.js";
import {moment} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {useFetched} from "#js/operator/fetched.js";
import {Icon} from "#js/ui/icon.js";
import {State} from "#js/ui/state.js";
import {complain} from "#js/ui/toasts.js";

const PAGE = 50;
const ACTIONS = [
  "client.disconnect",
  "notification.send",
  "operator.create",
  "prices.push",
  "service_key.create",
  "service_key.revoke",
  "user.ban",
  "user.unban",
  "user.role",
];
const COLUMNS = ["at", "actor", "action", "subject", "details", "status"];

export function Audit() {
  const {session} = useApp();
  const [action, setAction] = useState("");
  const [actor, setActor] = useState(null);
  const ask = (before = "") => {
    const query = new URLSearchParams({action, actor: actor?.id ?? "", before, limit: PAGE});
    return session.request("GET", `/audit?${query}`);
  };
  const fetched = useFetched(ask, [session, action, actor?.id]);
  const entries = fetched.value.value?.entries ?? [];
  const [isOver, setOver] = useState(false);

  async function more() {
    try {
      const next = await ask(entries.at(-1).id);
      setOver(next.entries.length < PAGE);
      fetched.value.value = {entries: [...entries, ...next.entries]};
    } catch (error) {
      complain(error);
    }
  }

  return html`
    <div class="operator-tools">
      <select
        id="audit-action"
        aria-label=${t("operator.column_action")}
        value=${action}
        onChange=${(event) => setAction(event.target.value)}
      >
        <option value="">${t("operator.all_actions")}</option>
        ${ACTIONS.map((name) => html`<option key=${name} value=${name}>${t(`operator.did_${name.replace(".", "_")}`)}</option>`)}
      </select>
      ${
        actor &&
        html`<button type="button" class="chip" aria-pressed="true" onClick=${() => setActor(null)}>
          ${actor.name}<${Icon} name="close" label=${t("operator.everyone")} />
        </button>`
      }
      <button type="button" onClick=${() => fetched.refresh()}><${Icon} name="retry" />${t("operator.refresh")}</button>
    </div>
    <${State}
      following=${fetched}
      isEmpty=${entries.length === 0}
      empty=${{icon: "shield", title: t("operator.no_audit")}}
    >
      <div class="operator-scroll">
        <table class="data" id="audit">
          <thead>
            <tr>
              ${COLUMNS.map((name) => html`<th key=${name} scope="col">${t(`operator.column_${name}`)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${entries.map((entry) => html`<${Entry} key=${entry.id} entry=${entry} onActor=${() => setActor(entry.actor)} />`)}
          </tbody>
        </table>
      </div>
      ${entries.length >= PAGE && !isOver && html`<button type="button" onClick=${more}>${t("operator.more")}</button>`}
    <//>
  `;
}

const Entry = ({entry: {actor, action, subject, details, at, address, status}, onActor}) => html`
  <tr data-action=${action}>
    <td>${moment(at)}</td>
    <td>
      <button type="button" class="link" title=${t("operator.only", {name: actor.name})} onClick=${onActor}>
        ${actor.name}
      </button>
      <br /><span class="flat">${address}</span>
    </td>
    <td>${t(`operator.did_${action.replace(".", "_")}`)}</td>
    <td><code>${subject}</code></td>
    <td><code>${Object.keys(details).length ? JSON.stringify(details) : ""}</code></td>
    <td><${Outcome} status=${status} /></td>
  </tr>
`;

const Outcome = ({status}) => {
  const [kind, word] =
    status === undefined ? ["warn", "unknown"] : status < 400 ? ["good", "done"] : ["bad", "refused"];
  return html`<span class="pill" data-kind=${kind} title=${status}>${t(`operator.outcome_${word}`)}</span>`;
};
