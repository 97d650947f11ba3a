// Reading JSON that somebody has typed.

import {t} from "#js/core/texts.js";

/** Return the value of a text, or of `fallback` when it is empty; throws Error with words for people. */
export function readJson(text, isMeant, fallback) {
  if (!text.trim()) {
    return fallback;
  }
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(t("diagnostics.no_json", {reason: error.message}), {cause: error});
  }
  if (!isMeant(value)) {
    throw new Error(t(Array.isArray(fallback) ? "diagnostics.no_list" : "diagnostics.no_object"));
  }
  return value;
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
