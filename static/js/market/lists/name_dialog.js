// Asks for a line of text: the name of a list, a note.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Dialog} from "#js/ui/dialog.js";
import {Field} from "#js/ui/field.js";
import {complain} from "#js/ui/toasts.js";

/** `onName(text)` may fail: then the dialog stays. `optional`: the text may be empty. */
export function NameDialog({title, label = t("market.list_name"), name = "", most = 64, optional, onClose, onName}) {
  const [text, setText] = useState(name);
  const [isBusy, setBusy] = useState(false);

  async function save(event) {
    event.preventDefault();
    setBusy(true);
    try {
      await onName(text.trim());
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }

  const actions = html`
    <button type="button" onClick=${onClose}>${t("market.cancel")}</button>
    <button type="submit" form="name-form" class="primary" disabled=${isBusy || (!optional && !text.trim())}>
      ${t("market.save")}
    </button>
  `;
  return html`
    <${Dialog} title=${title} size="small" onClose=${onClose} actions=${actions}>
      <form id="name-form" onSubmit=${save}>
        <${Field} label=${label}>
          <input value=${text} maxlength=${most} onInput=${(event) => setText(event.target.value)} />
        <//>
      </form>
    <//>
  `;
}
