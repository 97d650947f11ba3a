// What operators have: the server's figures, who is connected, what they can do, and what was done.

import {go} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Audit} from "#js/operator/audit.js";
import {Clients} from "#js/operator/clients.js";
import {Keys} from "#js/operator/keys.js";
import {Notify} from "#js/operator/notify.js";
import {Overview} from "#js/operator/overview.js";
import {Push} from "#js/operator/push.js";
import {Settings} from "#js/operator/settings.js";
import {Users} from "#js/operator/users.js";
import {Tabs} from "#js/ui/tabs.js";

const SECTIONS = {
  overview: Overview,
  clients: Clients,
  push: Push,
  notify: Notify,
  users: Users,
  keys: Keys,
  settings: Settings,
  audit: Audit,
};

export function View({path: [asked, ...rest]}) {
  const chosen = asked in SECTIONS ? asked : "overview";
  const tabs = Object.keys(SECTIONS).map((name) => ({name, text: t(`operator.section_${name}`)}));
  return html`
    <div class="operator">
      <header class="operator-head">
        <h1 class="visually-hidden">${t("areas.operator")}</h1>
        <${Tabs}
          label=${t("areas.operator")}
          tabs=${tabs}
          chosen=${chosen}
          onChoose=${(name) => go(["operator", name])}
        />
      </header>
      <section class="operator-body" key=${chosen} aria-label=${t(`operator.section_${chosen}`)}>
        <${SECTIONS[chosen]} path=${rest} />
      </section>
    </div>
  `;
}
