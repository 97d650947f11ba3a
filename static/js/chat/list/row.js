// One line of the list.

import {useApp} from "#js/app.js";
import {actionsOf} from "#js/chat/list/row_actions.js";
import {useLongPress} from "#js/chat/list/long_press.js";
import {stateOf} from "#js/chat/outgoing.js";
import {PresenceText} from "#js/chat/people/presence_text.js";
import {previewText} from "#js/chat/preview.js";
import {draftOf} from "#js/chat/rows.js";
import {brief, count, moment} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useComputed} from "#js/core/view.js";
import {Avatar} from "#js/ui/avatar.js";
import {Icon} from "#js/ui/icon.js";
import {Menu, showMenu} from "#js/ui/menu.js";

export function ChatRow({row, isChosen}) {
  const app = useApp();
  const label = t("chat.actions_of", {name: row.title});
  const press = useLongPress((event) => showMenu(event, label, actionsOf(app, row)));
  return html`
    <div class="chat-row" ...${press}>
      <a
        class="row"
        href=${row.id ? linkTo("chat", row.id) : linkTo("chat", "with", row.user.id)}
        draggable=${false}
        aria-current=${isChosen ? "page" : undefined}
        data-unread=${row.unread > 0 && !row.isMuted ? "" : undefined}
        data-friend=${row.user?.username}
        data-group=${row.kind === "group" ? row.title : undefined}
      >
        <${RowAvatar} row=${row} size=${40} />
        <span class="row-main">
          <span class="row-title"
            ><span class="chat-name" title=${row.title}>${row.title}</span><${Marks} row=${row}
          /></span>
          <span class="row-text"><${Preview} row=${row} /></span>
        </span>
        <span class="row-end"
          ><${When} at=${row.outgoing?.at ?? row.message?.created_at} /><${Unread} row=${row}
        /></span>
      </a>
      <${Menu} label=${label} items=${actionsOf(app, row)} />
    </div>
  `;
}

export function RowAvatar({row, size}) {
  const user = row.user ?? {id: row.id, display_name: row.title};
  return html`<${Avatar} user=${user} size=${size} presence=${row.presence ?? undefined} />`;
}

function Marks({row}) {
  return html`
    ${row.isPinned && html`<${Icon} name="pin" label=${t("chat.pinned")} />`}
    ${row.isMuted && html`<${Icon} name="mute" label=${t("chat.muted")} />`}
  `;
}

/** Who is writing, what one has begun to write oneself, what has not arrived yet, or the last message. */
function Preview({row}) {
  const {conversations, drafts, me} = useApp();
  const draft = useComputed(() => drafts.of(draftOf(row)).text.trim()); // of all drafts, only this one matters
  const typists = conversations.typistsOf(row.id);
  if (typists.length) {
    return html`<em class="chat-typing">${typingText(row, typists)}</em>`;
  }
  if (draft.value) {
    return html`<span class="chat-draft">${t("chat.draft")}</span> ${draft.value}`;
  }
  if (row.outgoing) {
    return html`<${OnItsWay} outgoing=${row.outgoing} />${previewText(row, me.id)}`;
  }
  if (!row.message) {
    return row.isFriend ? html`<${PresenceText} presence=${row.presence} />` : "";
  }
  const mention = row.isMentioned && html`<span class="chat-mention">${t("chat.mentioned")}</span> `;
  return html`${mention}${previewText(row, me.id)}`;
}

function OnItsWay({outgoing}) {
  const state = stateOf(outgoing, useApp().live);
  const name = state === "failed" ? "alert" : "clock";
  return html`<span class="chat-on-its-way" data-state=${state}>
    <${Icon} name=${name} label=${t(`thread.state_${state}`)} />
  </span>`;
}

function typingText(row, typists) {
  const name = row.kind === "group" && row.others.find(({id}) => id === typists.at(-1))?.display_name;
  return name ? t("chat.typing_by", {name}) : t("chat.typing");
}

const When = ({at}) => at && html`<time datetime=${new Date(at).toISOString()} title=${moment(at)}>${brief(at)}</time>`;

function Unread({row}) {
  if (!row.unread) {
    return null;
  }
  const text = row.unread > 99 ? "99+" : count(row.unread);
  return html`<span class=${row.isMuted ? "badge quiet" : "badge"}>
    <span aria-hidden="true">${text}</span>
    <span class="visually-hidden">${t("chat.unread_count", {count: count(row.unread)})}</span>
  </span>`;
}
