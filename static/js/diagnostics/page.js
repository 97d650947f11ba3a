// What the diagnostic pages share: their start, their head, the way from one to the other.

import "#js/core/appearance.js";
import {chooseLanguage, language, LANGUAGES, loadTexts, t} from "#js/core/texts.js";
import {classes, html, render, useEffect} from "#js/core/view.js";
import {Layer} from "#js/ui/layer.js";

const PAGES = {
  index: "/tests/socketio/",
  connection: "/tests/socketio/simple-connection-test.html",
  direct: "/tests/socketio/socketio-direct-test.html",
};

/** Load the texts and draw one of the pages. */
export async function start(name, View, {isWide = false} = {}) {
  await loadTexts();
  render(html`<${Page} name=${name} View=${View} isWide=${isWide} /><${Layer} />`, document.getElementById("app"));
}

/** Return the address of a page. */
export const addressOf = (name) => PAGES[name];

function Page({name, View, isWide}) {
  const title = t(`diagnostics.page_${name}`);
  useEffect(() => {
    document.title = `${title} · Stock Insight`;
  }, [title]);
  return html`
    <header class="head">
      <a class="brand" href="/">Stock Insight</a>
      <nav aria-label=${t("diagnostics.pages")}>
        ${Object.entries(PAGES).map(
          ([other, address]) => html`
            <a key=${other} href=${address} aria-current=${other === name ? "page" : undefined}>
              ${t(`diagnostics.page_${other}`)}
            </a>
          `,
        )}
      </nav>
      <${Language} />
    </header>
    <main class=${classes("content", {wide: isWide})}><${View} /></main>
  `;
}

const Language = () => html`
  <select
    aria-label=${t("diagnostics.language")}
    value=${language.value}
    onChange=${(event) => chooseLanguage(event.target.value)}
  >
    ${Object.entries(LANGUAGES).map(([tag, name]) => html`<option key=${tag} value=${tag}>${name}</option>`)}
  </select>
`;
