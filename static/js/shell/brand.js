// The mark of the page, as in static/favicon.svg.

import {html} from "#js/core/view.js";

export const Mark = () => html`
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="7" />
    <path d="M6 21l6-7 5 4 8-10" />
    <circle cx="25" cy="8" r="2.6" />
  </svg>
`;
