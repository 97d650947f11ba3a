// Fields of forms with their label, hint and error.

import {Icon} from "#js/ui/icon.js";
import {t} from "#js/core/texts.js";
import {cloneElement, html, useId} from "#js/core/view.js";

/** `children` is the one input, select or textarea; it gets the id and what describes it. */
export function Field({label, hint, error, children}) {
  const given = useId();
  const input = [children].flat()[0];
  const id = input.props.id ?? given;
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      ${cloneElement(input, {id, "aria-describedby": described, "aria-invalid": error ? "true" : undefined})}
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
      ${error && html`<p class="error" id=${`${id}-error`} role="alert">${error}</p>`}
    </div>
  `;
}

/** Something that is on or off at once; `onChange(isOn)`. */
export function Switch({label, checked, onChange, hint, disabled}) {
  const id = useId();
  return html`
    <div class="switch">
      <label for=${id}>${label}</label>
      <input
        id=${id}
        type="checkbox"
        role="switch"
        checked=${checked}
        disabled=${disabled}
        aria-describedby=${hint ? `${id}-hint` : undefined}
        onChange=${(event) => onChange(event.target.checked)}
      />
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    </div>
  `;
}

/** `onInput(text)`; Escape empties it. */
export function SearchField({label, value, onInput, ...others}) {
  const empty = (event) => {
    if (event.key === "Escape" && value) {
      event.stopPropagation();
      onInput("");
    }
  };
  return html`
    <div class="search" role="search">
      <${Icon} name="search" />
      <input
        type="search"
        aria-label=${label}
        placeholder=${label}
        value=${value}
        autocomplete="off"
        spellcheck=${false}
        ...${others}
        onInput=${(event) => onInput(event.target.value)}
        onKeyDown=${empty}
      />
      ${
        value &&
        html`<button type="button" class="icon" aria-label=${t("ui.clear")} onClick=${() => onInput("")}>
          <${Icon} name="close" />
        </button>`
      }
    </div>
  `;
}
