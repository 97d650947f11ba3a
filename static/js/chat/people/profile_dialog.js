// Who somebody is.

import {useApp} from "#js/app.js";
import {closeDialog} from "#js/chat/dialogs.js";
import {block, removeFriend} from "#js/chat/people/actions.js";
import {Standing} from "#js/chat/people/person.js";
import {PresenceText} from "#js/chat/people/presence_text.js";
import {t} from "#js/core/texts.js";
import {html, useEffect} from "#js/core/view.js";
import {place} from "#js/core/router.js";
import {Avatar} from "#js/ui/avatar.js";
import {Dialog} from "#js/ui/dialog.js";
import {Icon} from "#js/ui/icon.js";

export function ProfileDialog({user: given}) {
  const app = useApp();
  const friend = app.friends.byId.value.get(given.id);
  const user = friend ?? given;
  const {is} = app.friends.standing(user.id);
  const at = place.value;
  useEffect(() => {
    const began = at;
    return place.subscribe((now) => now !== began && closeDialog()); // whom one writes to is seen at once
  }, []);
  return html`
    <${Dialog} title=${t("chat.profile")} size="small" onClose=${closeDialog}>
      <div class="chat-profile">
        <${Avatar} user=${user} size=${88} presence=${friend?.presence} />
        <h3>${user.display_name}</h3>
        <p class="hint">@${user.username}</p>
        ${friend && html`<p class="hint"><${PresenceText} presence=${friend.presence} /></p>`}
        <div class="chat-buttons"><${Standing} user=${user} /></div>
        ${
          is !== "self" &&
          html`<div class="chat-buttons">
            ${
              friend &&
              html`<button type="button" class="quiet danger" onClick=${() => removeFriend(app, user)}>
                <${Icon} name="trash" />${t("chat.remove_friend")}
              </button>`
            }
            ${
              is !== "blocked" &&
              html`<button type="button" class="quiet danger" onClick=${() => block(app, user)}>
                <${Icon} name="shield" />${t("chat.block")}
              </button>`
            }
          </div>`
        }
      </div>
    <//>
  `;
}
