// Making a service key, and showing its text this once.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useRef, useState} from "#js/core/view.js";
import {useSaving} from "#js/settings/form.js";
import {Dialog} from "#js/ui/dialog.js";
import {Field} from "#js/ui/field.js";
import {Icon} from "#js/ui/icon.js";

const SCOPES = ["metrics", "notifications", "prices", "tasks"];
const FORM = "new-key-form";

export function NewKey({onMade, onClose}) {
  const {session} = useApp();
  const [made, setMade] = useState(null);
  const {isBusy, error, save} = useSaving();

  async function make(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    const [name, expires] = [form.get("name"), form.get("expires")];
    const body = {name, scopes: form.getAll("scopes"), ...(expires && {expires_at: new Date(expires).toISOString()})};
    await save(async () => {
      setMade(await session.request("POST", "/service_keys", body));
      onMade();
    });
  }

  if (made) {
    return html`<${Made} text=${made.key} onClose=${onClose} />`;
  }
  const actions = html`
    <button type="button" onClick=${onClose}>${t("ui.cancel")}</button>
    <button id="make-key" class="primary" form=${FORM} disabled=${isBusy}>${t("operator.make_key")}</button>
  `;
  return html`
    <${Dialog} title=${t("operator.new_key")} onClose=${onClose} actions=${actions}>
      <form id=${FORM} class="operator-form" onSubmit=${make}>
        <${Field} label=${t("operator.key_name")}><input id="key-name" name="name" required maxlength="64" /><//>
        <fieldset class="operator-scopes">
          <legend>${t("operator.column_scopes")}</legend>
          ${SCOPES.map(
            (scope) => html`
              <label key=${scope}
                ><input type="checkbox" name="scopes" value=${scope} /> ${t(`operator.scope_${scope}`)}</label
              >
            `,
          )}
        </fieldset>
        <${Field} label=${t("operator.column_expires_at")} hint=${t("operator.expires_hint")} error=${error}>
          <input type="datetime-local" name="expires" />
        <//>
      </form>
    <//>
  `;
}

function Made({text, onClose}) {
  const field = useRef(null);
  function copy() {
    field.current.select();
    navigator.clipboard?.writeText(text); // hidden from pages without TLS: there it is selected, at least
  }
  const actions = html`<button type="button" class="primary" onClick=${onClose}>${t("ui.close")}</button>`;
  return html`
    <${Dialog} title=${t("operator.key_made")} onClose=${onClose} actions=${actions}>
      <p>${t("operator.key_made_text")}</p>
      <div class="operator-secret">
        <input
          id="key-text"
          ref=${field}
          class="operator-code"
          readonly
          value=${text}
          aria-label=${t("operator.key_made")}
        />
        <button type="button" onClick=${copy}><${Icon} name="copy" />${t("operator.copy")}</button>
      </div>
    <//>
  `;
}
