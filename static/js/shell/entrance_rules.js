// What the entrance can tell without asking the server, and which field the server's answer is about.

import {t} from "#js/core/texts.js";

/** As the server has it: letters, digits, `_`, `-`, `.`, Han ideographs, kana or hangul. */
const USERNAME = /^[\w.\-\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\u{20000}-\u{323af}]{3,32}$/u;
const SHORTEST_PASSWORD = 8;

const FIELDS = {invalid_username: "username", username_taken: "username", weak_password: "password"};

export const isTooShort = (password) => [...password].length < SHORTEST_PASSWORD;

/** Return what is wrong with each field. */
export function checked({username, password}, isNew) {
  const errors = {};
  if (!username) {
    errors.username = t("page.username_missing");
  } else if (isNew && !USERNAME.test(username)) {
    errors.username = t("page.username_wrong");
  }
  if (!password) {
    errors.password = t("page.password_missing");
  } else if (isNew && isTooShort(password)) {
    errors.password = t("page.password_short");
  }
  return errors;
}

/** Return the field that a refusal is about, else "form". */
export const fieldOf = ({code}) => FIELDS[code] ?? "form";
