// Numbers and times as people read them, in the language of the page.

import {language} from "#js/core/texts.js";

const formats = new Map();

function format(kind, options) {
  const key = `${kind.name} ${language.value} ${JSON.stringify(options)}`;
  if (!formats.has(key)) {
    formats.set(key, new kind(language.value, options));
  }
  return formats.get(key);
}

const number = (value, options) => (value == null ? "–" : format(Intl.NumberFormat, options).format(value));

/** 1850.5 → "1,850.50" */
export const price = (value) => number(value, {minimumFractionDigits: 2, maximumFractionDigits: 2});

/** 0.38 → "+0.38" */
export const change = (value) =>
  number(value, {minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero"});

/** 1.39 (percent) → "+1.39%" */
export const percent = (value) => (value == null ? "–" : `${change(value)}%`);

/** 12345678 → "1234.6万" or "12.3M" */
export const amount = (value) => number(value, {notation: "compact", maximumFractionDigits: 1});

/** 12345 → "12,345" */
export const count = (value) => number(value, {maximumFractionDigits: 0});

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** 1536 → "1.5 KB" */
export function bytes(value) {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), UNITS.length - 1);
  return `${number(value / 1024 ** power, {maximumFractionDigits: power ? 1 : 0})} ${UNITS[power]}`;
}

const when = (value, options) => (value == null ? "–" : format(Intl.DateTimeFormat, options).format(new Date(value)));

/** "14:05" */
export const time = (value) => when(value, {hour: "2-digit", minute: "2-digit", hourCycle: "h23"});

/** "14:05:09" */
export const exactTime = (value) =>
  when(value, {hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"});

/** The year, unless it is this one. */
const yearOf = (value, now) => (new Date(value).getFullYear() === new Date(now).getFullYear() ? {} : {year: "numeric"});

/** "1月5日" or "Jan 5", of another year "2025年1月5日" or "Jan 5, 2025" */
export const date = (value, now = Date.now()) => when(value, {month: "short", day: "numeric", ...yearOf(value, now)});

/** "1月5日星期一" or "Monday, January 5", of another year with the year. */
export const day = (value, now = Date.now()) =>
  when(value, {weekday: "long", month: "long", day: "numeric", ...yearOf(value, now)});

/** A moment with its date, for titles and tables. */
export const moment = (value) => when(value, {dateStyle: "medium", timeStyle: "short", hourCycle: "h23"});

const STEPS = [
  [60, "second", 1],
  [3_600, "minute", 60],
  [86_400, "hour", 3_600],
  [604_800, "day", 86_400],
];

/** "3 minutes ago"; after a week the date. */
export function ago(value, now = Date.now()) {
  const seconds = (new Date(value).getTime() - now) / 1000;
  const step = STEPS.find(([limit]) => Math.abs(seconds) < limit);
  if (!step) {
    return date(value, now);
  }
  return format(Intl.RelativeTimeFormat, {numeric: "auto"}).format(Math.round(seconds / step[2]), step[1]);
}

const DAY_MS = 86_400_000;

/** As short as a list needs it: "14:05", "yesterday", "Mon", "Jan 5", "Jan 5, 2025". */
export function brief(value, now = Date.now()) {
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(value).setHours(0, 0, 0, 0)) / DAY_MS);
  if (days <= 0) {
    return time(value);
  }
  if (days === 1) {
    return format(Intl.RelativeTimeFormat, {numeric: "auto"}).format(-1, "day");
  }
  if (days < 7) {
    return when(value, {weekday: "short"});
  }
  return date(value, now);
}

/** 86400 → "1 day", 129600 → "1.5 days": in the largest unit of which there is one. */
export function span(seconds) {
  const [, unit, length] = STEPS.findLast(([, , one]) => seconds >= one) ?? STEPS[0];
  return number(seconds / length, {style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1});
}

/** 75 → "1:15", 3725 → "1:02:05" */
export function duration(seconds) {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)];
  const two = (part) => String(part).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
