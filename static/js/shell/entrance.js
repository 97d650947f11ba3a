// The way in: what this is, and the form to sign in or register.

import {useApp} from "#js/app.js";
import {chooseLanguage, language, LANGUAGES, t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Mark} from "#js/shell/brand.js";
import {EntranceForm} from "#js/shell/entrance_form.js";
import {Scene} from "#js/shell/scene.js";
import {Icon} from "#js/ui/icon.js";
import {Problem} from "#js/ui/state.js";

const REASONS = [
  {name: "chat", icon: "chat"},
  {name: "market", icon: "market"},
  {name: "analysis", icon: "activity"},
];

export function Entrance() {
  const app = useApp();
  const problem = app.problem.value;
  return html`
    <div class="entrance">
      <section class="entrance-welcome">
        <p class="brand"><${Mark} /><span>Stock Insight</span></p>
        <p class="entrance-claim">${t("page.claim")}</p>
        <ul class="entrance-reasons">
          ${REASONS.map(
            ({name, icon}) =>
              html`<li key=${name}><${Icon} name=${icon} /><span>${t(`page.reason_${name}`)}</span></li>`,
          )}
        </ul>
        <${Scene} />
      </section>
      <div class="entrance-side">
        <${Languages} />
        <main class="entrance-form">
          <p class="brand"><${Mark} /><span>Stock Insight</span></p>
          ${
            problem
              ? html`<${Problem} error=${problem} retry=${() => app.restore()} />`
              : html`<${EntranceForm} session=${app.session} />`
          }
        </main>
      </div>
    </div>
  `;
}

const Languages = () => html`
  <div class="entrance-languages" role="group" aria-label=${t("page.language")}>
    ${Object.entries(LANGUAGES).map(
      ([tag, name]) => html`
        <button
          key=${tag}
          type="button"
          class="quiet"
          lang=${tag}
          aria-pressed=${tag === language.value}
          onClick=${() => chooseLanguage(tag)}
        >
          ${name}
        </button>
      `,
    )}
  </div>
`;
