// Dialogs, in the browser's own <dialog>: the page behind one is out of reach, Escape closes it, the focus goes back.

import {Icon} from "#js/ui/icon.js";
import {t} from "#js/core/texts.js";
import {html, signal, useId, useLayoutEffect, useRef} from "#js/core/view.js";

/** What has the focus first: what asks for it, else the first field or button of the content, else the dialog. */
const FIRST = ["[autofocus]", ".dialog-body :is(input, textarea, select, button, a)", ".dialog-actions button"];

/** `onClose()` is asked for by Escape, the cross and a click beside it; `actions` are the buttons at its end. */
export function Dialog({title, onClose, children, actions, size = "medium"}) {
  const dialog = useRef(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element.showModal();
    (FIRST.map((selector) => element.querySelector(selector)).find(Boolean) ?? element).focus();
    return () => element.close();
  }, []);

  const cancel = (event) => {
    event.preventDefault(); // it goes when it is not drawn any more
    onClose();
  };
  return html`
    <dialog
      class="dialog"
      ref=${dialog}
      data-size=${size}
      tabindex="-1"
      aria-labelledby=${titleId}
      onCancel=${cancel}
      onMouseDown=${(event) => event.target === dialog.current && onClose()}
    >
      <div class="dialog-frame">
        <header class="dialog-head">
          <h2 id=${titleId}>${title}</h2>
          <button type="button" class="icon" aria-label=${t("ui.close")} onClick=${onClose}>
            <${Icon} name="close" />
          </button>
        </header>
        <div class="dialog-body">${children}</div>
        ${actions && html`<footer class="dialog-actions">${actions}</footer>`}
      </div>
    </dialog>
  `;
}

const question = signal(null);

/** Ask before something that cannot be undone; resolves to whether it is to be done. */
export function confirm({title, text, action, isDangerous = false}) {
  question.value?.answer(false);
  return new Promise((resolve) => {
    const answer = (isWanted) => {
      question.value = null;
      resolve(isWanted);
    };
    question.value = {title, text, action, isDangerous, answer};
  });
}

/** Where `confirm` asks; the shell has one. */
export function Questions() {
  const asked = question.value;
  if (!asked) {
    return null;
  }
  const {title, text, action, isDangerous, answer} = asked;
  const actions = html`
    <button type="button" autofocus=${isDangerous} onClick=${() => answer(false)}>${t("ui.cancel")}</button>
    <button
      type="button"
      class=${isDangerous ? "danger" : "primary"}
      autofocus=${!isDangerous}
      onClick=${() => answer(true)}
    >
      ${action ?? t("ui.confirm")}
    </button>
  `;
  return html`
    <${Dialog} title=${title} size="small" onClose=${() => answer(false)} actions=${actions}>
      ${text && html`<p>${text}</p>`}
    <//>
  `;
}
