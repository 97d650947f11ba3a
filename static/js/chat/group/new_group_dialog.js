// Making a group: its name, and who is in it.

import {useApp} from "#js/app.js";
import {closeDialog} from "#js/chat/dialogs.js";
import {PickPeople} from "#js/chat/group/pick_people.js";
import {inWords} from "#js/chat/people/actions.js";
import {go} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useId, useState} from "#js/core/view.js";
import {Dialog} from "#js/ui/dialog.js";
import {Field} from "#js/ui/field.js";
import {problemText} from "#js/ui/problems.js";

export const MAX_NAME = 64;

export function NewGroupDialog({userIds}) {
  const {friends, groups} = useApp();
  const form = useId();
  const [name, setName] = useState("");
  const [picked, setPicked] = useState(new Set(userIds));
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function create(event) {
    event.preventDefault();
    setBusy(true);
    try {
      const {id} = await groups.create(name.trim(), [...picked]);
      closeDialog();
      go(["chat", id]);
    } catch (problem) {
      setError(problemText(inWords(problem, "group")));
      setBusy(false);
    }
  }

  const actions = html`
    <span class="hint chat-picked" role="status">${t("chat.picked", {count: picked.size})}</span>
    <button type="button" onClick=${closeDialog}>${t("ui.cancel")}</button>
    <button class="primary" form=${form} disabled=${isBusy || !name.trim()}>${t("chat.create")}</button>
  `;
  return html`
    <${Dialog} title=${t("chat.new_group")} onClose=${closeDialog} actions=${actions}>
      <form id=${form} class="chat-form" onSubmit=${create}>
        <${Field} label=${t("chat.group_name")} error=${error}>
          <input
            name="group_name"
            value=${name}
            maxlength=${MAX_NAME}
            autocomplete="off"
            onInput=${(event) => setName(event.target.value)}
          />
        <//>
      </form>
      <${PickPeople} people=${friends.list.value} picked=${picked} onPick=${setPicked} />
    <//>
  `;
}
