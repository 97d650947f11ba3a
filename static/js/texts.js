// The page's words in three languages: `t("page.send")`, and elements that carry data-text, -label or -placeholder.

const LANGUAGES = ["zh-CN", "zh-TW", "en"];
const STORED = "stock-insight-language";

let texts = {};
let newestChoice = 0;
export let language = LANGUAGES[0];

/** Call `listener` after each change of language. */
export const onLanguage = (listener) => listeners.push(listener);
const listeners = [];

/** Return a text, its `{placeholders}` filled from `values`. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Load the language that was chosen last time, or the one the server chose by the browser's wishes. */
export async function loadTexts() {
  await setLanguage(remembered() ?? document.documentElement.lang);
}

export async function setLanguage(wanted) {
  const choice = ++newestChoice;
  const name = LANGUAGES.includes(wanted) ? wanted : LANGUAGES[0];
  const answer = await fetch(`/static/texts/${name}.json`);
  if (!answer.ok) {
    throw new Error(`texts ${name}: ${answer.status}`);
  }
  const loaded = await answer.json();
  if (choice !== newestChoice) {
    return; // another was chosen meanwhile
  }
  texts = loaded;
  language = name;
  document.documentElement.lang = name;
  translate();
  listeners.forEach((listener) => listener());
}

export function rememberLanguage(name) {
  try {
    localStorage.setItem(STORED, name);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}

function remembered() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

function translate() {
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = t(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.placeholder = t(element.dataset.placeholder);
  }
}
