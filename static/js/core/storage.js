// What this browser remembers, in step over its tabs.

import {signal} from "@preact/signals";

const PREFIX = "stock-insight-";

/** Return what is kept under a name, or `fallback`; storage that is switched off or broken keeps nothing. */
export function recall(name, fallback = null) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? fallback;
  } catch {
    return fallback;
  }
}

/** Keep a value of JSON under a name; null forgets it. Tells whether it could be kept. */
export function keep(name, value) {
  try {
    if (value === null) {
      localStorage.removeItem(PREFIX + name);
    } else {
      localStorage.setItem(PREFIX + name, JSON.stringify(value));
    }
    return true;
  } catch {
    return false;
  }
}

/** Return the names under which something is kept that begin so. */
export function keptUnder(beginning) {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX + beginning));
    return names.map((name) => name.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/** Hear of what other tabs keep (or, with null, forget) under names that begin so: `hear(name, value)`. */
export function onKept(beginning, hear) {
  globalThis.addEventListener?.("storage", ({key}) => {
    if (key?.startsWith(PREFIX + beginning)) {
      const name = key.slice(PREFIX.length);
      hear(name, recall(name));
    }
  });
}

/** Return a signal of what is kept under a name: other tabs see a change at once, the next visit finds it. */
export function kept(name, fallback) {
  const value = signal(recall(name, fallback));
  let last = JSON.stringify(value.peek());
  value.subscribe((now) => {
    const text = JSON.stringify(now);
    if (text !== last) {
      last = text;
      keep(name, now);
    }
  });
  globalThis.addEventListener?.("storage", (event) => {
    if (event.key === PREFIX + name) {
      const now = recall(name, fallback);
      last = JSON.stringify(now);
      value.value = now;
    }
  });
  return value;
}
