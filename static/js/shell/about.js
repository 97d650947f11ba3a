// What this page is, and what it is made of.

import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Mark} from "#js/shell/brand.js";
import {Dialog} from "#js/ui/dialog.js";

/** The packages a browser loads, with their licences, which the server has as text. */
const PACKAGES = [
  {name: "Preact", licence: "MIT", file: "preact"},
  {name: "Preact Signals", licence: "MIT", file: "signals"},
  {name: "htm", licence: "Apache-2.0", file: "htm"},
  {name: "Socket.IO client", licence: "MIT", file: "socket.io-client"},
  {name: "TradingView Lightweight Charts™", licence: "Apache-2.0", file: "lightweight-charts"},
  {name: "µPlot", licence: "MIT", file: "uplot"},
];

export const About = ({onClose}) => html`
  <${Dialog} title=${t("page.about")} onClose=${onClose}>
    <p class="about-brand"><${Mark} /><strong>Stock Insight</strong></p>
    <p>${t("page.about_text")}</p>
    <p><a href="/api/docs" target="_blank" rel="noopener">${t("page.api_docs")}</a></p>
    <h3>${t("page.made_of")}</h3>
    <ul class="about-packages">
      ${PACKAGES.map(
        ({name, licence, file}) => html`
          <li key=${file}>
            <span>${name}</span>
            <a href=${`/static/npm/licences/${file}.txt`} target="_blank" rel="noopener">${licence}</a>
          </li>
        `,
      )}
    </ul>
    <p class="hint">
      ${t("page.charts_notice")}${" "}
      <a href="https://www.tradingview.com/" target="_blank" rel="noopener">TradingView</a>
    </p>
  <//>
`;
