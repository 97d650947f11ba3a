// Whom one has blocked.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Avatar} from "#js/ui/avatar.js";
import {State} from "#js/ui/state.js";
import {complain} from "#js/ui/toasts.js";

export function Blocked() {
  const {friends} = useApp();
  const blocked = friends.blocked.value;
  const nobody = {icon: "shield", title: t("settings.blocked_none"), text: t("settings.blocked_hint")};
  return html`
    <${State} following=${friends.following} isEmpty=${!blocked.length} empty=${nobody}>
      <p class="hint">${t("settings.blocked_hint")}</p>
      <ul class="list settings-people">
        ${blocked.map((user) => html`<${Person} key=${user.id} user=${user} />`)}
      </ul>
    <//>
  `;
}

function Person({user}) {
  const {friends} = useApp();
  return html`
    <li class="row">
      <${Avatar} user=${user} />
      <span class="row-main">
        <span class="row-title">${user.display_name}</span>
        <span class="row-text">@${user.username}</span>
      </span>
      <button type="button" onClick=${() => friends.unblock(user.id).catch(complain)}>${t("settings.unblock")}</button>
    </li>
  `;
}
