// The frame around every area: who is here, the connection, the ways to go.

import {useApp} from "#js/app.js";
import {areaAt, areasOf} from "#js/areas.js";
import {place} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useRef} from "#js/core/view.js";
import {Bell} from "#js/notices/bell.js";
import {Area} from "#js/shell/area.js";
import {Mark} from "#js/shell/brand.js";
import {ConnectionBar} from "#js/shell/connection_bar.js";
import {Entrance} from "#js/shell/entrance.js";
import {MeMenu} from "#js/shell/me_menu.js";
import {Navigation} from "#js/shell/navigation.js";
import {showUnread, unreadOf} from "#js/shell/unread.js";
import {Layer} from "#js/ui/layer.js";

/** The whole page. */
export function Page() {
  const app = useApp();
  return html`${app.isReady.value ? html`<${Frame} />` : html`<${Entrance} />`}<${Layer} />`;
}

function Frame() {
  const app = useApp();
  const areas = areasOf(app.me.role);
  const shown = areaAt(place.value.area, areas);
  const main = useRef(null);
  useFocusAtChange(main, shown.name);
  const unread = unreadOf(app, areas) + app.notices.unread.value;
  useEffect(() => {
    showUnread(unread);
  }, [unread]);
  return html`
    <div class="frame">
      <button type="button" class="skip primary" onClick=${() => main.current.focus()}>${t("page.skip")}</button>
      <header class="bar">
        <span class="brand"><${Mark} /><span>Stock Insight</span></span>
        <${ConnectionBar} />
        <${Bell} />
        <${MeMenu} />
      </header>
      <${Navigation} areas=${areas} shown=${shown.name} />
      <main class="area" id="area" ref=${main} tabindex="-1" aria-label=${t(`areas.${shown.name}`)}>
        <${Area} key=${shown.name} area=${shown} />
      </main>
    </div>
  `;
}

/** The focus follows to another area, so that the keyboard goes on there; not when the page opens. */
function useFocusAtChange(main, name) {
  const before = useRef(name);
  useEffect(() => {
    if (before.current !== name) {
      before.current = name;
      main.current.focus({preventScroll: true});
    }
  }, [name]);
}
