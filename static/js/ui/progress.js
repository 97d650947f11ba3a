// How far something is.

import {html} from "#js/core/view.js";

/** `value` is 0 to 1, or null while nobody knows; `state` colours it: "completed", "failed", … */
export function Progress({value, label, state}) {
  const known = value == null ? {} : {"aria-valuenow": Math.round(value * 100)};
  return html`
    <div
      class="progress"
      role="progressbar"
      aria-label=${label}
      aria-valuemin="0"
      aria-valuemax="100"
      data-state=${state}
      ...${known}
    >
      <span style=${value == null ? {} : {width: `${Math.min(Math.max(value, 0), 1) * 100}%`}} />
    </div>
  `;
}
