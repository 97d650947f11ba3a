// Telling of a notification that comes live: by a toast, a tone, a desktop notification; by one tab alone.

import {kept} from "#js/core/storage.js";

/** Whether this browser makes a tone, and whether it shows desktop notifications; see `permission` too. */
export const hasSound = kept("notice-sound", true);
export const wantsDesktop = kept("notice-desktop", false);

const HIDDEN_PAUSE_MS = 300; // a tab that somebody looks at comes first
const HELD_MS = 5_000;
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Tell whether this is the tab, of all of this browser, that tells of something. */
export async function isTeller(id, {isHidden, locks = globalThis.navigator?.locks, pause = wait}) {
  if (!locks) {
    return !isHidden; // a page without TLS: no locks, and no desktop notifications either
  }
  if (isHidden) {
    await pause(HIDDEN_PAUSE_MS);
  }
  return new Promise((resolve) => {
    locks.request(`stock-insight-notice-${id}`, {ifAvailable: true}, async (lock) => {
      resolve(lock !== null);
      await (lock && pause(HELD_MS));
    });
  });
}

/** What the browser says about desktop notifications: "unsupported", "default", "granted" or "denied". */
export const permission = () => globalThis.Notification?.permission ?? "unsupported";

/** Show a desktop notification that leads to where it belongs. */
export function showOnDesktop({id, title, content}, open) {
  const shown = new Notification(title, {body: content, tag: id, icon: "/static/favicon.svg"});
  shown.onclick = () => {
    window.focus();
    shown.close();
    open();
  };
}

const TONES = [
  [880, 0],
  [1_175, 0.12],
];
let audio = null;

/** Play two short tones; browsers want silence in a page that nobody has touched yet. */
export function playTone() {
  if (navigator.userActivation?.hasBeenActive === false) {
    return;
  }
  audio ??= new AudioContext();
  for (const [pitch, after] of TONES) {
    const begin = audio.currentTime + after;
    const loudness = new GainNode(audio, {gain: 0});
    const tone = new OscillatorNode(audio, {frequency: pitch});
    loudness.gain.setValueAtTime(0, begin);
    loudness.gain.linearRampToValueAtTime(0.08, begin + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, begin + 0.25);
    tone.connect(loudness).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + 0.3);
  }
}
