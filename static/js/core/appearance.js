// How the page looks in this browser: its theme, and the colours of rising and falling prices.

import {computed, effect, signal} from "@preact/signals";
import {kept} from "#js/core/storage.js";

export const THEMES = ["system", "light", "dark"];
export const COLOURS = ["red-up", "green-up"];

/** What somebody has chosen. */
export const theme = kept("theme", "system");
export const colours = kept("updown", "red-up");

const wish = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
const isDarkWished = signal(wish?.matches ?? false);
wish?.addEventListener("change", () => {
  isDarkWished.value = wish.matches;
});

/** "light" or "dark": what is shown, for what is drawn without style sheets. */
export const shownTheme = computed(() => {
  if (theme.value === "light" || theme.value === "dark") {
    return theme.value;
  }
  return isDarkWished.value ? "dark" : "light";
});

if (globalThis.document) {
  effect(() => {
    const {dataset} = document.documentElement;
    dataset.theme = shownTheme.value;
    dataset.updown = colours.value;
  });
}
