// The settings of the process, as its operators may see them.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {useFetched} from "#js/operator/fetched.js";
import {SearchField, Switch} from "#js/ui/field.js";
import {State} from "#js/ui/state.js";

export function Settings() {
  const {session} = useApp();
  const [search, setSearch] = useState("");
  const [isOther, setOther] = useState(false);
  const fetched = useFetched(() => session.request("GET", "/operators/settings"), [session]);
  const wanted = search.trim().toLowerCase();
  const shown = (fetched.value.value?.settings ?? []).filter(
    ({name, value, usual}) => (!isOther || value !== usual) && `${name} ${value}`.toLowerCase().includes(wanted),
  );
  return html`
    <p class="hint">${t("operator.settings_hint")}</p>
    <div class="operator-tools">
      <${SearchField} label=${t("operator.search_settings")} value=${search} onInput=${setSearch} />
      <${Switch} label=${t("operator.settings_other")} checked=${isOther} onChange=${setOther} />
    </div>
    <${State}
      following=${fetched}
      isEmpty=${shown.length === 0}
      empty=${{icon: "settings", title: t("operator.nobody_found")}}
    >
      <dl class="operator-settings">
        ${shown.map((setting) => html`<${Setting} key=${setting.name} ...${setting} />`)}
      </dl>
    <//>
  `;
}

const Setting = ({name, value, usual, secret}) => html`
  <div data-setting=${name}>
    <dt><code>${name}</code></dt>
    <dd>
      ${
        secret
          ? html`<span class="pill" data-kind=${value ? "good" : undefined}>
              ${t(value ? "operator.secret_set" : "operator.secret_unset")}
            </span>`
          : html`<code>${value || "–"}</code>`
      }
      ${
        value !== usual &&
        !secret &&
        html`<span class="hint"> ${t("operator.setting_usual", {value: usual || "–"})}</span>`
      }
    </dd>
  </div>
`;
