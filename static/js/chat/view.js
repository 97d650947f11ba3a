// Chat: the list of conversations beside the one that is open.

import {useApp} from "#js/app.js";
import {Detail} from "#js/chat/detail.js";
import {closeDialog, openDialog} from "#js/chat/dialogs.js";
import {GroupDialog} from "#js/chat/group/group_dialog.js";
import {NewGroupDialog} from "#js/chat/group/new_group_dialog.js";
import {ListPane} from "#js/chat/list/list_pane.js";
import {ProfileDialog} from "#js/chat/people/profile_dialog.js";
import {ReadersDialog} from "#js/chat/thread/readers.js";
import {html, useEffect} from "#js/core/view.js";

const DIALOGS = {profile: ProfileDialog, group: GroupDialog, new_group: NewGroupDialog, readers: ReadersDialog};

/** Paths: nothing, `<conversation>`, `<conversation>/<seq>`, `with/<user>`, `people`, `people/<what is searched for>`. */
export function View({path}) {
  const {conversations} = useApp();
  useEffect(() => closeDialog, []);
  const dialog = openDialog.value;
  const row = path[0] === "with" ? conversations.rowWith(path[1]) : conversations.row(path[0]);
  return html`
    <div class="split chat" data-pane=${path.length ? "detail" : "list"}>
      <${ListPane} chosen=${row?.key} isAmongPeople=${path[0] === "people"} />
      <${Detail} path=${path} row=${row} />
    </div>
    ${dialog && html`<${DIALOGS[dialog.name]} key=${dialog.name} ...${dialog} />`}
  `;
}
