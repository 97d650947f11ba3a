// How the page looks in this browser: its theme, and the colours of rising and falling prices.

import {effect, signal} from "@preact/signals";
import {kept} from "#js/core/storage.js";

export const THEMES = ["system", "light", "dark"];
export const COLOURS = ["red-up", "green-up"];

/** What somebody has chosen. */
export const theme = kept("theme", "system");
export const colours = kept("updown", "red-up");

/** The system's wish, or null where there is no browser. */
const dark = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
const isDarkWished = signal(dark?.matches);
dark?.addEventListener("change", () => {
  isDarkWished.value = dark.matches;
});

// Style sheets, and who watches for what is drawn on a canvas, find what holds at the root of the page.
if (dark) {
  effect(() => {
    const {dataset} = document.documentElement;
    const wished = isDarkWished.value ? "dark" : "light";
    dataset.theme = theme.value === "system" ? wished : theme.value;
    dataset.updown = colours.value;
  });
}
