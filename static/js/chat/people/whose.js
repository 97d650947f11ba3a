// Somebody by picture and names; a press shows the profile.

import {useApp} from "#js/app.js";
import {showProfile} from "#js/chat/dialogs.js";
import {html} from "#js/core/view.js";
import {Avatar} from "#js/ui/avatar.js";

/** `name` stands for the display name, `note` behind the username. */
export function Whose({user, name = user.display_name, note}) {
  const presence = useApp().friends.byId.value.get(user.id)?.presence;
  return html`
    <button type="button" class="quiet chat-whose" onClick=${() => showProfile(user)}>
      <${Avatar} user=${user} size=${40} presence=${presence} />
      <span class="row-main">
        <span class="row-title">${name}</span>
        <span class="row-text">@${user.username}${note && html` · ${note}`}</span>
      </span>
    </button>
  `;
}
