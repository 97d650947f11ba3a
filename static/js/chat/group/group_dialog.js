// A group: its name, who is in it and as what, and what one may change of that.

import {useApp} from "#js/app.js";
import {closeDialog} from "#js/chat/dialogs.js";
import {AddMembers} from "#js/chat/group/add_members.js";
import {GroupName} from "#js/chat/group/group_name.js";
import {Members} from "#js/chat/group/members.js";
import {mayManage} from "#js/chat/groups.js";
import {leave} from "#js/chat/people/actions.js";
import {follow} from "#js/core/follow.js";
import {count} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, signal, useEffect, useMemo, useState} from "#js/core/view.js";
import {Dialog} from "#js/ui/dialog.js";
import {Icon} from "#js/ui/icon.js";
import {State} from "#js/ui/state.js";

export function GroupDialog({id}) {
  const app = useApp();
  const row = app.conversations.row(id);
  const {group, following} = useMemo(() => followGroup(app, id), [app, id]);
  const [isAdding, setAdding] = useState(false);
  useEffect(() => following.stop, [following]);
  useEffect(() => {
    if (!row) {
      closeDialog(); // one has left, or was removed
    }
  }, [row]);
  const shown = group.value;
  if (isAdding && shown) {
    return html`<${AddMembers} group=${shown} onClose=${() => setAdding(false)} />`;
  }
  return html`
    <${Dialog} title=${t("chat.group_info")} onClose=${closeDialog}>
      ${shown && html`<${Group} group=${shown} onAdd=${() => setAdding(true)} />`}
      ${isPart(shown) && html`<${State} following=${following} />`}
    <//>
  `;
}

/** Whether not all members are known: of a large group the list has some. */
const isPart = (group) => !group || group.members.length < group.member_count;

function Group({group, onAdd}) {
  const app = useApp();
  const own = group.members.find(({id}) => id === app.me.id)?.role ?? "member";
  const add = html`<button type="button" onClick=${onAdd}><${Icon} name="plus" />${t("chat.add_members")}</button>`;
  return html`
    <${GroupName} key=${group.name} group=${group} mayRename=${mayManage(own)} />
    <div class="toolbar chat-members-head">
      <h3 tabindex="-1" autofocus>${t("chat.member_count", {count: count(group.member_count)})}</h3>
      ${mayManage(own) && add}
    </div>
    <${Members} group=${group} own=${own} />
    <div class="chat-buttons">
      <button type="button" class="quiet danger" onClick=${() => leave(app, group.id, group.name)}>
        <${Icon} name="logout" />${t("chat.leave")}
      </button>
    </div>
  `;
}

/** All of a group, of which the list of conversations knows a part, as long as the dialog is open. */
function followGroup({live, groups, conversations}, id) {
  const group = signal(conversations.known(id));
  const following = follow(live, {
    fetch: () => groups.show(id),
    take: (shown) => (group.value = shown),
    events: {
      conversation_updated: ({conversation_id: changed, changes}) => changed === id && changes && following.refresh(),
    },
  });
  return {group, following};
}
