// How the page looks and in which language it speaks.

import {useApp} from "#js/app.js";
import {COLOURS, colours, theme, THEMES} from "#js/core/appearance.js";
import {language, LANGUAGES, t} from "#js/core/texts.js";
import {html, useId} from "#js/core/view.js";
import {complain} from "#js/ui/toasts.js";

export function Appearance() {
  const {account} = useApp();
  const languages = Object.entries(LANGUAGES).map(([name, text]) => ({name, text}));
  return html`
    <${Choice}
      label=${t("page.language")}
      chosen=${language.value}
      options=${languages}
      onChoose=${(name) => account.speak(name).catch(complain)}
    />
    <${Choice}
      label=${t("page.theme")}
      chosen=${theme.value}
      options=${THEMES.map((name) => ({name, text: t(`page.theme_${name}`)}))}
      onChoose=${(name) => (theme.value = name)}
    />
    <${Choice}
      label=${t("settings.colours")}
      hint=${t("settings.colours_hint")}
      chosen=${colours.value}
      options=${COLOURS.map((name) => ({name, text: t(`settings.colours_${name}`)}))}
      onChoose=${(name) => (colours.value = name)}
    >
      <p class="settings-sample" aria-hidden="true">
        <span class="up">▲ +1.39%</span> <span class="down">▼ −0.72%</span>
      </p>
    <//>
  `;
}

function Choice({label, hint, options, chosen, onChoose, children}) {
  const id = useId();
  return html`
    <fieldset class="settings-choice">
      <legend>${label}</legend>
      ${hint && html`<p class="hint">${hint}</p>`}
      <div class="segments">
        ${options.map(
          ({name, text}) => html`
            <label key=${name}>
              <input
                type="radio"
                name=${id}
                value=${name}
                checked=${name === chosen}
                onChange=${() => onChoose(name)}
              />
              <span>${text}</span>
            </label>
          `,
        )}
      </div>
      ${children}
    </fieldset>
  `;
}
