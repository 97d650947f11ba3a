// Times of the market as people read them: those of Shanghai, wherever the reader is. The API writes them so.

import {language} from "#js/core/texts.js";

const SHANGHAI = "Asia/Shanghai";
const SHANGHAI_OFFSET = -480; // minutes, as `Date` counts them
const formats = new Map();

/** Whether the reader's clock shows another time than that of Shanghai. */
export const isElsewhere = () => new Date().getTimezoneOffset() !== SHANGHAI_OFFSET;

/** "2026-01-05T14:05:09.000+08:00" → "14:05:09" */
export const clock = (time) => (time ? time.slice(11, 19) : "–");

/** The same → "2026年1月5日周一" or "Mon, Jan 5, 2026" */
export const day = (time) => written(time, {year: "numeric", month: "short", day: "numeric", weekday: "short"});

/** The same → "1月5日 14:05" or "Jan 5, 14:05" */
export const moment = (time) =>
  written(time, {month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23"});

function written(time, options) {
  const key = `${language.value} ${Object.keys(options)}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat(language.value, {...options, timeZone: SHANGHAI}));
  }
  return formats.get(key).format(new Date(time));
}
