// The password, and where one is signed in.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {useSaving} from "#js/settings/form.js";
import {isTooShort} from "#js/shell/entrance_rules.js";
import {signOut} from "#js/shell/sign_out.js";
import {confirm} from "#js/ui/dialog.js";
import {Icon} from "#js/ui/icon.js";
import {PasswordField} from "#js/ui/password_field.js";
import {toast} from "#js/ui/toasts.js";

export const Security = () => html`<${Password} /><${SignIns} />`;

function Password() {
  const {account, me} = useApp();
  const {isBusy, error, save} = useSaving();
  const [wrong, setWrong] = useState("");

  async function change(event) {
    event.preventDefault();
    const form = event.target;
    const {before, after} = Object.fromEntries(new FormData(form));
    setWrong(isTooShort(after) ? t("page.password_short") : "");
    if (!isTooShort(after) && (await save(() => account.changePassword(before, after)))) {
      form.reset();
      toast({kind: "good", title: t("settings.password_changed"), text: t("settings.password_changed_text")});
    }
  }

  return html`
    <form class="settings-form" onSubmit=${change} aria-label=${t("settings.password")}>
      <h3>${t("settings.password")}</h3>
      <input type="text" hidden readonly autocomplete="username" value=${me.username} />
      <${PasswordField} id="password-before" name="before" label=${t("settings.password_before")} error=${error} />
      <${PasswordField}
        id="password-after"
        name="after"
        isNew
        label=${t("settings.password_after")}
        hint=${t("page.password_hint")}
        error=${wrong}
      />
      <button class="primary" disabled=${isBusy} data-busy=${isBusy}>${t("settings.password_change")}</button>
    </form>
  `;
}

function SignIns() {
  const app = useApp();
  async function leave() {
    const question = {
      title: t("settings.everywhere"),
      text: t("settings.everywhere_text"),
      action: t("page.sign_out"),
      isDangerous: true,
    };
    if (await confirm(question)) {
      await signOut(app, {everywhere: true});
    }
  }
  return html`
    <div class="settings-form">
      <h3>${t("settings.everywhere")}</h3>
      <p class="hint">${t("settings.everywhere_text")}</p>
      <button type="button" class="danger" onClick=${leave}>
        <${Icon} name="logout" />${t("settings.everywhere")}
      </button>
    </div>
  `;
}
