// The page's words in three languages: `t("page.sign_in")`. A component that calls it is drawn again when the language changes.

import {signal} from "@preact/signals";
import {recall, keep} from "#js/core/storage.js";

export const LANGUAGES = {"zh-CN": "简体中文", "zh-TW": "繁體中文", en: "English"};
const STORED = "language";

const texts = signal({});
let newestChoice = 0;

/** The language that is shown, as a BCP 47 tag. */
export const language = signal("zh-CN");

/** Return a text, its `{placeholders}` filled from `values`. */
export function t(key, values = {}) {
  return (texts.value[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Load the language that was chosen last time, or the one the server chose by the browser's wishes. */
export const loadTexts = () => setLanguage(recall(STORED) ?? document.documentElement.lang);

/** Show a language, and keep it for the next visit when the visitor has `chosen` it. */
export async function setLanguage(wanted, {chosen = false} = {}) {
  const choice = ++newestChoice;
  const name = wanted in LANGUAGES ? wanted : "zh-CN";
  const catalogue = await import(`#texts/${name}.js`);
  if (choice !== newestChoice) {
    return; // another was chosen meanwhile
  }
  if (chosen) {
    keep(STORED, name);
  }
  useTexts(name, catalogue.default);
  document.documentElement.lang = name;
}

/** Take the texts of a language as they are. */
export function useTexts(name, catalogue) {
  texts.value = catalogue;
  language.value = name;
}
