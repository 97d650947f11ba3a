// Adding friends to a group.

import {useApp} from "#js/app.js";
import {PickPeople} from "#js/chat/group/pick_people.js";
import {inWords} from "#js/chat/people/actions.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Dialog} from "#js/ui/dialog.js";
import {problemText} from "#js/ui/problems.js";

export function AddMembers({group, onClose}) {
  const {friends, groups} = useApp();
  const [picked, setPicked] = useState(new Set());
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const members = new Set(group.members.map(({id}) => id));
  const people = friends.list.value.filter(({id}) => !members.has(id));

  async function add() {
    setBusy(true);
    try {
      await groups.add(group.id, [...picked]);
      onClose();
    } catch (problem) {
      setError(problemText(inWords(problem, "group")));
      setBusy(false);
    }
  }

  const actions = html`
    <span class="hint chat-picked" role="status">${t("chat.picked", {count: picked.size})}</span>
    <button type="button" onClick=${onClose}>${t("ui.cancel")}</button>
    <button type="button" class="primary" disabled=${isBusy || !picked.size} onClick=${add}>${t("chat.add")}</button>
  `;
  return html`
    <${Dialog} title=${t("chat.add_members")} onClose=${onClose} actions=${actions}>
      ${error && html`<p class="error" role="alert">${error}</p>`}
      <${PickPeople} people=${people} picked=${picked} onPick=${setPicked} />
    <//>
  `;
}
