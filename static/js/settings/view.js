// Settings: sections beside the one that is open.

import {go, linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Wishes} from "#js/notices/preferences.js";
import {Appearance} from "#js/settings/appearance.js";
import {Blocked} from "#js/settings/blocked.js";
import {Profile} from "#js/settings/profile.js";
import {Security} from "#js/settings/security.js";
import {Icon} from "#js/ui/icon.js";

const SECTIONS = [
  {name: "profile", icon: "user", view: Profile},
  {name: "appearance", icon: "contrast", view: Appearance},
  {name: "notifications", icon: "bell", view: Wishes},
  {name: "security", icon: "key", view: Security},
  {name: "blocked", icon: "shield", view: Blocked},
];

export function View({path: [asked]}) {
  const shown = SECTIONS.find(({name}) => name === asked) ?? SECTIONS[0];
  return html`
    <div class="split settings" data-pane=${asked ? "detail" : "list"}>
      <nav aria-label=${t("settings.sections")}>
        <header class="toolbar"><h1>${t("areas.settings")}</h1></header>
        <ul class="list">
          ${SECTIONS.map(({name, icon}) => html`<li key=${name}><${Way} name=${name} icon=${icon} shown=${shown} /></li>`)}
        </ul>
      </nav>
      <section class="settings-section" key=${shown.name} aria-labelledby="settings-title">
        <header class="toolbar">
          <button
            type="button"
            class="icon settings-back"
            aria-label=${t("settings.back")}
            onClick=${() => go(["settings"])}
          >
            <${Icon} name="back" />
          </button>
          <h2 id="settings-title">${t(`settings.section_${shown.name}`)}</h2>
        </header>
        <div class="settings-body"><${shown.view} /></div>
      </section>
    </div>
  `;
}

const Way = ({name, icon, shown}) => html`
  <a class="row" href=${linkTo("settings", name)} aria-current=${name === shown.name ? "page" : undefined}>
    <${Icon} name=${icon} />
    <span class="row-main row-title">${t(`settings.section_${name}`)}</span>
    <span class="row-end"><${Icon} name="right" /></span>
  </a>
`;
