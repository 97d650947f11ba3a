// What concerns oneself: settings, language, theme, signing out, what this is.

import {useApp} from "#js/app.js";
import {theme, THEMES} from "#js/core/appearance.js";
import {go} from "#js/core/router.js";
import {language, LANGUAGES, t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {About} from "#js/shell/about.js";
import {signOut} from "#js/shell/sign_out.js";
import {Avatar} from "#js/ui/avatar.js";
import {Menu} from "#js/ui/menu.js";
import {complain} from "#js/ui/toasts.js";

export function MeMenu() {
  const app = useApp();
  const {account, me} = app;
  const [isAboutOpen, setAboutOpen] = useState(false);
  const items = [
    {heading: `${me.display_name} · @${me.username}`},
    {text: t("page.profile"), icon: "user", run: () => go(["settings", "profile"])},
    {text: t("page.settings"), icon: "settings", run: () => go(["settings"])},
    {heading: t("page.language")},
    ...Object.entries(LANGUAGES).map(([tag, text]) =>
      choice(text, tag === language.value, () => account.speak(tag).catch(complain)),
    ),
    {heading: t("page.theme")},
    ...THEMES.map((name) => choice(t(`page.theme_${name}`), name === theme.value, () => (theme.value = name))),
    {heading: ""},
    {text: t("page.about"), icon: "info", run: () => setAboutOpen(true)},
    {text: t("page.sign_out"), icon: "logout", run: () => signOut(app)},
  ];
  return html`
    <span class="me">
      <${Menu} label=${t("page.me", {name: me.display_name})} items=${items}>
        <${Avatar} user=${me} size=${32} />
      <//>
      ${isAboutOpen && html`<${About} onClose=${() => setAboutOpen(false)} />`}
    </span>
  `;
}

const choice = (text, isChosen, run) => ({text, isChosen, run});
