// Keeping somebody out, and why.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {useSaving} from "#js/settings/form.js";
import {Dialog} from "#js/ui/dialog.js";
import {Field} from "#js/ui/field.js";
import {toast} from "#js/ui/toasts.js";

/** `onBanned(reason)` is told when it is done. */
export function BanDialog({user, onBanned, onClose}) {
  const {session} = useApp();
  const [reason, setReason] = useState("");
  const {isBusy, error, save} = useSaving();
  const name = user.display_name;

  async function ban() {
    const body = reason.trim() ? {reason: reason.trim()} : {};
    if (await save(() => session.request("POST", `/users/${user.id}/ban`, body))) {
      onBanned(reason.trim());
      toast({kind: "good", text: t("operator.banned", {name})});
      onClose();
    }
  }

  const actions = html`
    <button type="button" onClick=${onClose}>${t("ui.cancel")}</button>
    <button id="ban" type="button" class="danger" disabled=${isBusy} onClick=${ban}>${t("operator.ban")}</button>
  `;
  return html`
    <${Dialog} title=${t("operator.ask_ban", {name})} size="small" onClose=${onClose} actions=${actions}>
      <p>${t("operator.ask_ban_text")}</p>
      <${Field} label=${t("operator.ban_reason")} hint=${t("operator.ban_reason_hint")} error=${error}>
        <input maxlength="500" value=${reason} onInput=${(event) => setReason(event.target.value)} />
      <//>
    <//>
  `;
}
