// A password, which may be looked at, and a word when Caps Lock is on.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Field} from "#js/ui/field.js";
import {Icon} from "#js/ui/icon.js";

export function PasswordField({id, name, label, hint, error, isNew = false}) {
  const [isShown, setShown] = useState(false);
  const [isCapsOn, setCapsOn] = useState(false);
  const look = (event) => setCapsOn(event.getModifierState?.("CapsLock") ?? false);
  const note = isCapsOn ? t("ui.caps_lock") : hint;
  return html`
    <div class="password">
      <${Field} label=${label} hint=${note} error=${error}>
        <input
          id=${id}
          name=${name}
          type=${isShown ? "text" : "password"}
          required
          maxlength="256"
          autocomplete=${isNew ? "new-password" : "current-password"}
          autocapitalize="none"
          spellcheck=${false}
          onKeyDown=${look}
          onKeyUp=${look}
          onBlur=${() => setCapsOn(false)}
        />
      <//>
      <button
        type="button"
        class="icon"
        aria-label=${t(isShown ? "ui.hide_password" : "ui.show_password")}
        aria-controls=${id}
        onClick=${() => setShown(!isShown)}
      >
        <${Icon} name=${isShown ? "eye-off" : "eye"} />
      </button>
    </div>
  `;
}
