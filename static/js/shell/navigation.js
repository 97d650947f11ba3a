// The ways to the areas: a rail at the left, on phones a bar below.

import {useApp} from "#js/app.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Icon} from "#js/ui/icon.js";

const MOST = 99;

export const Navigation = ({areas, shown}) => html`
  <nav class="areas" aria-label=${t("page.areas")}>
    ${areas.map((area) => html`<${Way} key=${area.name} area=${area} isShown=${area.name === shown} />`)}
  </nav>
`;

function Way({area: {name, icon, count}, isShown}) {
  const unread = count?.(useApp()) ?? 0;
  return html`
    <a href=${linkTo(name)} data-area=${name} aria-current=${isShown ? "page" : undefined}>
      <${Icon} name=${icon} />
      <span>${t(`areas.${name}`)}</span>
      ${
        unread > 0 &&
        html`
          <span class="badge" aria-hidden="true">${unread > MOST ? `${MOST}+` : unread}</span>
          <span class="visually-hidden">${t("page.unread", {count: unread})}</span>
        `
      }
    </a>
  `;
}
