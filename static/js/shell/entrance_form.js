// Signing in and registering: each error stands beside the field it is about.

import {t} from "#js/core/texts.js";
import {html, useEffect, useRef, useState} from "#js/core/view.js";
import {checked, fieldOf} from "#js/shell/entrance_rules.js";
import {Field} from "#js/ui/field.js";
import {PasswordField} from "#js/ui/password_field.js";
import {problemText} from "#js/ui/problems.js";

export function EntranceForm({session}) {
  const [isNew, setNew] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [errors, setErrors] = useState({});
  const form = useRef(null);

  // Not on phones, where the keyboard would cover the page.
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) {
      form.current.elements.username.focus();
    }
  }, []);

  function complain(found) {
    setErrors(found);
    const first = ["username", "display_name", "password"].find((name) => found[name]) ?? "password";
    form.current.elements[first].focus();
  }

  async function enter(event) {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form.current));
    const wrong = checked(given, isNew);
    if (Object.keys(wrong).length) {
      complain(wrong);
      return;
    }
    setBusy(true);
    setErrors({});
    try {
      const {username, password, display_name: name} = given;
      await (isNew ? session.register(username, password, name) : session.signIn(username, password));
    } catch (problem) {
      setBusy(false);
      complain({[fieldOf(problem)]: problemText(problem)});
    }
  }

  function turn() {
    setNew(!isNew);
    setErrors({});
    form.current.elements.username.focus();
  }

  return html`
    <form ref=${form} onSubmit=${enter} novalidate>
      <h1>${t(isNew ? "page.register" : "page.sign_in")}</h1>
      <${Field} label=${t("page.username")} hint=${isNew && t("page.username_hint")} error=${errors.username}>
        <input
          id="username"
          name="username"
          required
          maxlength="32"
          autocomplete="username"
          autocapitalize="none"
          spellcheck=${false}
        />
      <//>
      ${
        isNew &&
        html`<${Field} label=${t("page.display_name")} error=${errors.display_name}>
          <input id="display-name" name="display_name" maxlength="64" autocomplete="nickname" />
        <//>`
      }
      <${PasswordField}
        id="password"
        name="password"
        label=${t("page.password")}
        hint=${isNew && t("page.password_hint")}
        error=${errors.password}
        isNew=${isNew}
      />
      <p class="error entrance-error" role="alert">${errors.form}</p>
      <button id="enter" class="primary" disabled=${isBusy} data-busy=${isBusy}>
        ${t(isNew ? "page.register" : "page.sign_in")}
      </button>
      <p class="entrance-turn">
        <span class="hint">${t(isNew ? "page.have_account" : "page.no_account")}</span>
        <button id="switch-mode" class="link" type="button" onClick=${turn}>
          ${t(isNew ? "page.sign_in_instead" : "page.register_instead")}
        </button>
      </p>
    </form>
  `;
}
