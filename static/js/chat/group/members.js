// Who is in a group.

import {useApp} from "#js/app.js";
import {showProfile} from "#js/chat/dialogs.js";
import {mayDo} from "#js/chat/groups.js";
import {attempt, handOver, removeMember} from "#js/chat/people/actions.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Avatar} from "#js/ui/avatar.js";
import {Menu} from "#js/ui/menu.js";

const ORDER = {owner: 0, admin: 1, member: 2};

/** `own` is the role of the user. */
export function Members({group, own}) {
  const app = useApp();
  const {friends, me} = app;
  const members = [...group.members].sort((one, other) => ORDER[one.role] - ORDER[other.role]);
  return html`
    <ul class="list chat-members" aria-label=${t("chat.members")}>
      ${members.map((member) => {
        const items = member.id === me.id ? [] : actionsOf(app, group, member, own);
        return html`
          <li key=${member.id} class="row" data-member=${member.username}>
            <button type="button" class="quiet chat-whose" onClick=${() => showProfile(member)}>
              <${Avatar} user=${member} size=${36} presence=${friends.byId.value.get(member.id)?.presence} />
              <span class="row-main">
                <span class="row-title"
                  >${member.id === me.id ? t("chat.name_you", {name: member.display_name}) : member.display_name}</span
                >
                <span class="row-text">@${member.username}</span>
              </span>
            </button>
            ${member.role !== "member" && html`<span class="pill">${t(`chat.role_${member.role}`)}</span>`}
            ${items.length > 0 && html`<${Menu} label=${t("chat.actions_of", {name: member.display_name})} items=${items} />`}
          </li>
        `;
      })}
    </ul>
  `;
}

function actionsOf(app, {id}, member, own) {
  const may = mayDo(own, member.role);
  const setRole = (role) => () => attempt(() => app.groups.setRole(id, member.id, role), "group");
  return [
    may.promote && {text: t("chat.promote"), icon: "shield", run: setRole("admin")},
    may.demote && {text: t("chat.demote"), icon: "user", run: setRole("member")},
    may.handOver && {text: t("chat.hand_over"), icon: "key", run: () => handOver(app, id, member)},
    may.remove && {
      text: t("chat.remove_member"),
      icon: "trash",
      isDangerous: true,
      run: () => removeMember(app, id, member),
    },
  ].filter(Boolean);
}
