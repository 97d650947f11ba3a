// Why connections have ended since the process began.

import {count} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";

export function Closes({closes}) {
  const reasons = Object.entries(closes).sort(([, one], [, other]) => other - one);
  const most = reasons[0]?.[1];
  return html`
    <section aria-labelledby="closes-title">
      <h2 id="closes-title">${t("operator.closes")}</h2>
      ${
        reasons.length
          ? html`<ul class="operator-closes">
              ${reasons.map(
                ([reason, ended]) => html`
                  <li key=${reason}>
                    <code>${reason}</code>
                    <span class="operator-bar"><span style=${{width: `${(ended / most) * 100}%`}} /></span>
                    <span class="number">${count(ended)}</span>
                  </li>
                `,
              )}
            </ul>`
          : html`<p class="hint">${t("operator.no_closes")}</p>`
      }
    </section>
  `;
}
