// Short messages at the edge of the page that go by themselves.

import {problemText} from "#js/ui/problems.js";
import {Icon} from "#js/ui/icon.js";
import {newId} from "#js/core/ids.js";
import {t} from "#js/core/texts.js";
import {html, signal, useEffect, useRef} from "#js/core/view.js";

const MOST = 3;
const SHOWN_MS = {info: 6_000, good: 4_000, warn: 8_000, bad: 10_000};
const ICONS = {info: "info", good: "check", warn: "alert", bad: "alert"};

const toasts = signal([]);

/**
 * Show a message; one with the same `key` takes the place of the one before. `onGone` is called when it is gone without its
 * action. Returns what takes it away.
 */
export function toast({kind = "info", title, text, action, onGone, key = newId()}) {
  const added = {kind, title, text, action, onGone, key, at: Date.now()};
  const others = toasts.value.filter((other) => other.key !== key);
  show([...others, added].slice(-MOST));
  return () => dismiss(key);
}

function show(shown) {
  const gone = toasts.value.filter((one) => !shown.includes(one));
  toasts.value = shown;
  gone.forEach(({onGone}) => onGone?.());
}

/** Tell somebody why what they wanted did not happen. */
export function complain(error) {
  const text = problemText(error);
  toast({kind: "bad", text, key: text});
}

const dismiss = (key) => show(toasts.value.filter((other) => other.key !== key));

/** Where toasts are shown; the shell has one. */
export function Toasts() {
  const place = useRef(null);
  const shown = toasts.value;
  const newest = shown.at(-1);
  useEffect(() => {
    const element = place.current;
    element.hidePopover(); // shown anew it lies above a dialog that was opened since
    if (newest) {
      element.showPopover();
    }
  }, [newest]);
  return html`
    <div class="toasts" ref=${place} popover="manual" role="region" aria-label=${t("ui.toasts")} aria-live="polite">
      ${shown.map((one) => html`<${Toast} key=${`${one.key} ${one.at}`} ...${{...one, id: one.key}} />`)}
    </div>
  `;
}

function Toast({id, kind, title, text, action}) {
  const timer = useRef(0);
  const wait = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => dismiss(id), SHOWN_MS[kind]);
  };
  const stay = () => clearTimeout(timer.current);
  useEffect(() => {
    wait();
    return stay;
  }, []);
  return html`
    <div class="toast" data-kind=${kind} onMouseEnter=${stay} onMouseLeave=${wait} onFocusIn=${stay} onFocusOut=${wait}>
      <${Icon} name=${ICONS[kind]} />
      <div class="toast-words">
        ${title && html`<p class="toast-title">${title}</p>`} ${text && html`<p>${text}</p>`}
      </div>
      ${action && html`<button type="button" class="link" onClick=${() => act(id, action)}>${action.text}</button>`}
      <button type="button" class="icon" aria-label=${t("ui.close")} onClick=${() => dismiss(id)}>
        <${Icon} name="close" />
      </button>
    </div>
  `;
}

function act(id, {run}) {
  toasts.value = toasts.value.filter(({key}) => key !== id);
  run();
}
