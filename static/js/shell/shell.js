// The frame around every area: who is here, the connection, the ways to go.

import {useApp} from "#js/app.js";
import {areasOf} from "#js/areas.js";
import {go, linkTo, place} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";
import {ConnectionBar} from "#js/shell/connection_bar.js";
import {Entrance} from "#js/shell/entrance.js";
import {Icon} from "#js/ui/icon.js";
import {Layer} from "#js/ui/layer.js";

/** The whole page. */
export function Page() {
  const app = useApp();
  return html`${app.isReady.value ? html`<${Frame} />` : html`<${Entrance} />`}<${Layer} />`;
}

function Frame() {
  const {me} = useApp();
  const areas = areasOf(me.role);
  const shown = areas.find(({name}) => name === place.value.area) ?? areas[0];
  return html`
    <div class="frame">
      <header class="bar">
        <span class="brand">Stock Insight</span>
        <${ConnectionBar} />
      </header>
      <nav class="areas" aria-label=${t("page.areas")}>
        ${areas.map(
          ({name, icon}) => html`
            <a key=${name} href=${linkTo(name)} aria-current=${name === shown.name ? "page" : undefined}>
              <${Icon} name=${icon} /><span>${t(`areas.${name}`)}</span>
            </a>
          `,
        )}
      </nav>
      <main class="area" id="area"><${Area} key=${shown.name} area=${shown} /></main>
    </div>
  `;
}

function Area({area}) {
  const [view, setView] = useState(null);
  useEffect(() => {
    area.load().then(
      ({View}) => setView(() => View),
      () => go([area.name]),
    );
  }, [area]);
  const View = view;
  return View && html`<${View} path=${place.value.path} />`;
}
