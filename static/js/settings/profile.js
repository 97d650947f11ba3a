// How others see one: name and picture.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useRef, useState} from "#js/core/view.js";
import {useSaving} from "#js/settings/form.js";
import {Avatar} from "#js/ui/avatar.js";
import {Field} from "#js/ui/field.js";
import {Icon} from "#js/ui/icon.js";
import {toast} from "#js/ui/toasts.js";

const PICTURES = "image/png,image/jpeg,image/gif,image/webp";
const LONGEST_NAME = 64;

export const Profile = () => html`<${Picture} /><${Name} />`;

function Picture() {
  const {account, me} = useApp();
  const {isBusy, error, save} = useSaving();
  const input = useRef(null);

  async function choose(event) {
    const [picture] = event.target.files;
    event.target.value = ""; // the same one may be chosen again
    if (picture && (await save(() => account.showPicture(picture)))) {
      toast({kind: "good", text: t("settings.saved")});
    }
  }

  return html`
    <div class="settings-picture">
      <${Avatar} user=${me} size=${96} />
      <div>
        <p class="settings-name">${me.display_name}</p>
        <p class="hint">@${me.username}</p>
        <input type="file" hidden ref=${input} accept=${PICTURES} onChange=${choose} id="picture" />
        <div class="settings-actions">
          <button type="button" disabled=${isBusy} data-busy=${isBusy} onClick=${() => input.current.click()}>
            ${!isBusy && html`<${Icon} name="camera" />`}${t(me.avatar ? "settings.picture_change" : "settings.picture_add")}
          </button>
          ${
            me.avatar &&
            html`<button
              type="button"
              class="quiet"
              disabled=${isBusy}
              onClick=${() => save(() => account.showPicture(null))}
            >
              ${t("settings.picture_remove")}
            </button>`
          }
        </div>
        <p class="error" role="alert">${error}</p>
      </div>
    </div>
  `;
}

function Name() {
  const {account, me} = useApp();
  const [name, setName] = useState(me.display_name);
  const {isBusy, error, save} = useSaving();

  async function rename(event) {
    event.preventDefault();
    if (await save(() => account.rename(name.trim()))) {
      setName(name.trim());
      toast({kind: "good", text: t("settings.saved")});
    }
  }

  return html`
    <form class="settings-form" onSubmit=${rename}>
      <${Field} label=${t("settings.display_name")} hint=${t("settings.display_name_hint")} error=${error}>
        <input
          id="own-name"
          maxlength=${LONGEST_NAME}
          autocomplete="nickname"
          value=${name}
          onInput=${(event) => setName(event.target.value)}
        />
      <//>
      <button class="primary" disabled=${isBusy || !name.trim() || name.trim() === me.display_name} data-busy=${isBusy}>
        ${t("settings.save")}
      </button>
    </form>
  `;
}
