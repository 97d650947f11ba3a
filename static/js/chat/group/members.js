// Who is in a group.

import {useApp} from "#js/app.js";
import {mayDo} from "#js/chat/groups.js";
import {attempt, handOver, removeMember} from "#js/chat/people/actions.js";
import {Whose} from "#js/chat/people/whose.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Menu} from "#js/ui/menu.js";

const ORDER = {owner: 0, admin: 1, member: 2};

/** `own` is the role of the user. */
export function Members({group, own}) {
  const members = [...group.members].sort((one, other) => ORDER[one.role] - ORDER[other.role]);
  return html`
    <ul class="list chat-members" aria-label=${t("chat.members")}>
      ${members.map((member) => html`<${Member} key=${member.id} id=${group.id} member=${member} own=${own} />`)}
    </ul>
  `;
}

function Member({id, member, own}) {
  const app = useApp();
  const {display_name: name, role, username} = member;
  const isMe = member.id === app.me.id;
  const items = isMe ? [] : actionsOf(app, id, member, own);
  return html`
    <li class="row" data-member=${username}>
      <${Whose} user=${member} name=${isMe ? t("chat.name_you", {name}) : name} />
      ${role !== "member" && html`<span class="pill">${t(`chat.role_${role}`)}</span>`}
      ${items.length > 0 && html`<${Menu} label=${t("chat.actions_of", {name})} items=${items} />`}
    </li>
  `;
}

function actionsOf(app, id, member, own) {
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
