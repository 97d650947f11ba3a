// The name of a group, and giving it another one.

import {useApp} from "#js/app.js";
import {MAX_NAME} from "#js/chat/group/new_group_dialog.js";
import {inWords} from "#js/chat/people/actions.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Avatar} from "#js/ui/avatar.js";
import {Field} from "#js/ui/field.js";
import {problemText} from "#js/ui/problems.js";

export function GroupName({group, mayRename}) {
  const {groups} = useApp();
  const [name, setName] = useState(group.name);
  const [error, setError] = useState("");
  const wanted = name.trim();

  async function rename(event) {
    event.preventDefault();
    try {
      await groups.rename(group.id, wanted);
      setError("");
    } catch (problem) {
      setError(problemText(inWords(problem, "group")));
    }
  }

  if (!mayRename) {
    return html`<div class="chat-group-name">
      <${Avatar} user=${{id: group.id, display_name: group.name}} size=${48} />
      <h3>${group.name}</h3>
    </div>`;
  }
  return html`
    <form class="chat-group-name" onSubmit=${rename}>
      <${Field} label=${t("chat.group_name")} error=${error}>
        <input
          name="group_name"
          value=${name}
          maxlength=${MAX_NAME}
          autocomplete="off"
          onInput=${(event) => setName(event.target.value)}
        />
      <//>
      ${wanted !== group.name && html`<button disabled=${!wanted}>${t("chat.rename")}</button>`}
    </form>
  `;
}
