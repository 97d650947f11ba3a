// Who is trying, and how to become somebody: by name and password, or with a token.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Field} from "#js/ui/field.js";
import {Icon} from "#js/ui/icon.js";
import {problemText} from "#js/ui/problems.js";
import {Tabs} from "#js/ui/tabs.js";

export function SignIn({identity}) {
  const user = identity.user.value;
  return html`
    <section class="card identity" aria-labelledby="identity-title">
      <h2 id="identity-title">${t("diagnostics.identity")}</h2>
      ${identity.token.value ? html`<${Known} identity=${identity} user=${user} />` : html`<${Unknown} identity=${identity} />`}
    </section>
  `;
}

const Known = ({identity, user}) => html`
  <p class="identity-known">
    <${Icon} name=${user ? "user" : "key"} />
    <span>${user ? t("diagnostics.signed_in_as", {name: user.display_name}) : t("diagnostics.with_token")}</span>
    <button id="forget" type="button" onClick=${() => identity.forget()}>${t("diagnostics.forget")}</button>
  </p>
`;

function Unknown({identity}) {
  const [way, setWay] = useState("password");
  const ways = ["password", "token"].map((name) => ({name, text: t(`diagnostics.way_${name}`)}));
  return html`
    <p class="hint">${t("diagnostics.identity_hint")}</p>
    <${Tabs} label=${t("diagnostics.identity")} tabs=${ways} chosen=${way} onChoose=${setWay} />
    ${way === "password" ? html`<${PasswordForm} identity=${identity} />` : html`<${TokenForm} identity=${identity} />`}
  `;
}

function PasswordForm({identity}) {
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  async function enter(event) {
    event.preventDefault();
    const {username, password} = Object.fromEntries(new FormData(event.target));
    setBusy(true);
    try {
      await identity.signIn(username, password);
    } catch (problem) {
      setError(problemText(problem));
      setBusy(false);
    }
  }
  return html`
    <form class="identity-form" onSubmit=${enter}>
      <${Field} label=${t("diagnostics.username")}>
        <input id="username" name="username" required autocomplete="username" autocapitalize="none" />
      <//>
      <${Field} label=${t("diagnostics.password")} error=${error}>
        <input id="password" name="password" type="password" required autocomplete="current-password" />
      <//>
      <button id="enter" class="primary" disabled=${isBusy}>${t("diagnostics.sign_in")}</button>
    </form>
  `;
}

function TokenForm({identity}) {
  function take(event) {
    event.preventDefault();
    identity.bring(new FormData(event.target).get("token"));
  }
  return html`
    <form class="identity-form" onSubmit=${take}>
      <${Field} label=${t("diagnostics.token")} hint=${t("diagnostics.token_hint")}>
        <input id="token" name="token" type="password" required autocomplete="off" spellcheck=${false} />
      <//>
      <button id="use-token" class="primary">${t("diagnostics.use_token")}</button>
    </form>
  `;
}
