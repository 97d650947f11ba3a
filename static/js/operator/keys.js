// Service keys: what programs sign in with. A key's text is shown once.

import {useApp} from "#js/app.js";
import {moment} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {useFetched} from "#js/operator/fetched.js";
import {NewKey} from "#js/operator/new_key.js";
import {confirm} from "#js/ui/dialog.js";
import {Icon} from "#js/ui/icon.js";
import {State} from "#js/ui/state.js";
import {Time} from "#js/ui/time.js";
import {complain} from "#js/ui/toasts.js";

const COLUMNS = ["key", "scopes", "created_at", "expires_at", "last_used_at"];

export function Keys() {
  const {session} = useApp();
  const [isMaking, setMaking] = useState(false);
  const fetched = useFetched(() => session.request("GET", "/service_keys"), [session]);
  const keys = fetched.value.value?.service_keys ?? [];

  async function revoke({id, name}) {
    const isMeant = await confirm({
      title: t("operator.ask_revoke", {name}),
      text: t("operator.ask_revoke_text"),
      action: t("operator.revoke"),
      isDangerous: true,
    });
    if (isMeant) {
      await session.request("DELETE", `/service_keys/${id}`).catch(complain);
      fetched.refresh();
    }
  }

  return html`
    <div class="operator-tools">
      <p class="hint">${t("operator.keys_hint")}</p>
      <button id="new-key" type="button" class="primary" onClick=${() => setMaking(true)}>
        <${Icon} name="plus" />${t("operator.new_key")}
      </button>
    </div>
    <${State}
      following=${fetched}
      isEmpty=${keys.length === 0}
      empty=${{icon: "key", title: t("operator.no_keys"), text: t("operator.no_keys_text")}}
    >
      <div class="operator-scroll">
        <table class="data" id="keys">
          <thead>
            <tr>
              ${COLUMNS.map((name) => html`<th key=${name} scope="col">${t(`operator.column_${name}`)}</th>`)}
              <th scope="col"><span class="visually-hidden">${t("operator.revoke")}</span></th>
            </tr>
          </thead>
          <tbody>
            ${keys.map((key) => html`<${Key} key=${key.id} of=${key} onRevoke=${() => revoke(key)} />`)}
          </tbody>
        </table>
      </div>
    <//>
    ${isMaking && html`<${NewKey} onMade=${fetched.refresh} onClose=${() => setMaking(false)} />`}
  `;
}

const Key = ({of: {id, name, scopes, created_at: made, expires_at: expires, last_used_at: used}, onRevoke}) => html`
  <tr data-key=${name}>
    <td>${name}<br /><code class="flat">sk_${id}_…</code></td>
    <td>${scopes.map((scope) => html`<span key=${scope} class="pill">${t(`operator.scope_${scope}`)}</span> `)}</td>
    <td><${Time} value=${made} /></td>
    <td>${expires ? moment(expires) : t("operator.never")}</td>
    <td>${used ? html`<${Time} value=${used} />` : t("operator.never")}</td>
    <td>
      <button type="button" class="danger" aria-label=${t("operator.ask_revoke", {name})} onClick=${onRevoke}>
        ${t("operator.revoke")}
      </button>
    </td>
  </tr>
`;
