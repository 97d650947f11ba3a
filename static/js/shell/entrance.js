// Signing in and registering.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";

export function Entrance() {
  const {session} = useApp();
  const [isNew, setNew] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState("");

  async function enter(event) {
    event.preventDefault();
    const {username, password, display_name: name} = Object.fromEntries(new FormData(event.target));
    setBusy(true);
    try {
      await (isNew ? session.register(username, password, name) : session.signIn(username, password));
    } catch (problem) {
      setError(problem.code ? problem.message : t("page.unreachable"));
      setBusy(false);
    }
  }

  return html`
    <main class="entrance">
      <form class="card" onSubmit=${enter}>
        <h1>${t(isNew ? "page.register" : "page.sign_in")}</h1>
        <label for="username">${t("page.username")}</label>
        <input id="username" name="username" required maxlength="32" autocomplete="username" autocapitalize="none" />
        ${
          isNew &&
          html`<label for="display-name">${t("page.display_name")}</label>
            <input id="display-name" name="display_name" maxlength="64" autocomplete="nickname" />`
        }
        <label for="password">${t("page.password")}</label>
        <input
          id="password"
          name="password"
          type="password"
          required
          autocomplete=${isNew ? "new-password" : "current-password"}
        />
        <p class="error" role="alert">${error}</p>
        <button id="enter" class="primary" disabled=${isBusy}>${t(isNew ? "page.register" : "page.sign_in")}</button>
        <button id="switch-mode" class="link" type="button" onClick=${() => setNew(!isNew)}>
          ${t(isNew ? "page.have_account" : "page.no_account")}
        </button>
      </form>
    </main>
  `;
}
