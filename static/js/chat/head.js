// Above a conversation: with whom it is, how present they are, and what can be done.

import {useApp} from "#js/app.js";
import {showGroup, showProfile} from "#js/chat/dialogs.js";
import {RowAvatar} from "#js/chat/list/row.js";
import {actionsOf} from "#js/chat/list/row_actions.js";
import {PresenceText} from "#js/chat/people/presence_text.js";
import {count} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Icon} from "#js/ui/icon.js";
import {Menu} from "#js/ui/menu.js";

export function ConversationHead({row}) {
  const app = useApp();
  const showMore = () => (row.kind === "group" ? showGroup(row.id) : showProfile(row.user));
  return html`
    <header class="chat-head">
      <a class="button icon chat-back" href=${linkTo("chat")} aria-label=${t("chat.back")}><${Icon} name="back" /></a>
      <button class="quiet chat-whose" type="button" onClick=${showMore}>
        <${RowAvatar} row=${row} size=${36} />
        <span class="row-main">
          <span class="row-title" id="chat-title">${row.title}</span>
          <span class="row-text"><${Subtitle} row=${row} /></span>
        </span>
      </button>
      <${Menu} label=${t("chat.actions_of", {name: row.title})} items=${actionsOf(app, row)} />
    </header>
  `;
}

function Subtitle({row}) {
  if (row.kind === "group") {
    return t("chat.member_count", {count: count(row.memberCount)});
  }
  return row.isFriend ? html`<${PresenceText} presence=${row.presence} />` : t("chat.no_friend");
}
