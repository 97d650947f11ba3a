// The page's words in three languages: `t("page.sign_in")`. A component that calls it is drawn again when the language changes.

import {signal} from "@preact/signals";
import {kept} from "#js/core/storage.js";

export const LANGUAGES = {"zh-CN": "简体中文", "zh-TW": "繁體中文", en: "English"};

const texts = signal({});
let newestChoice = 0;

/** The language that is shown, as a BCP 47 tag. */
export const language = signal("zh-CN");

/** Return a text, its `{placeholders}` filled from `values`; `{price:.2f}` has two decimals, as for the server. */
export function t(key, values = {}) {
  return (texts.value[key] ?? key).replace(/\{(\w+)(?::\.(\d)f)?\}/g, (whole, name, decimals) => {
    const value = values[name] ?? whole;
    return decimals === undefined || value === whole ? value : value.toFixed(decimals);
  });
}

/** Return a text of which the server tells the key; null when this page does not have it. */
export const said = (key, values) => (Object.hasOwn(texts.value, key) ? t(key, values) : null);

/** What somebody has chosen in this browser, in any of its tabs. */
const chosen = kept("language", null);

/** Load the language that was chosen, or the one the server chose by the browser's wishes. */
export async function loadTexts() {
  await showLanguage(chosen.value ?? document.documentElement.lang);
  chosen.subscribe((name) => name && showLanguage(name).catch(() => {})); // unreachable: the language stays
}

/** Show a language from now on. */
export function chooseLanguage(name) {
  chosen.value = name;
}

export const chosenLanguage = () => chosen.value;

/** Show a language without choosing it for this browser. */
export async function showLanguage(wanted) {
  const choice = ++newestChoice;
  const name = wanted in LANGUAGES ? wanted : "zh-CN";
  const catalogue = await import(`#texts/${name}.js`);
  if (choice === newestChoice) {
    useTexts(name, catalogue.default); // else another was chosen meanwhile
    document.documentElement.lang = name;
  }
}

/** Take the texts of a language as they are. */
export function useTexts(name, catalogue) {
  texts.value = catalogue;
  language.value = name;
}
