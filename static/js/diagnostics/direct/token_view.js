// Reading a token: the one that is used here, or one that somebody brings. It goes nowhere.

import {moment} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {readToken} from "#js/diagnostics/direct/token.js";
import {Field} from "#js/ui/field.js";

export function TokenView({identity}) {
  const [text, setText] = useState("");
  const token = text.trim() || identity.token.value;
  const read = token ? readToken(token) : null;
  return html`
    <details class="card panel token">
      <summary><h2>${t("diagnostics.token_reader")}</h2></summary>
      <${Field}
        label=${t("diagnostics.token")}
        hint=${t("diagnostics.token_reader_hint")}
        error=${token && !read ? t("diagnostics.no_token") : ""}
      >
        <textarea
          id="read-token"
          rows="2"
          class="code"
          spellcheck=${false}
          autocomplete="off"
          value=${text}
          onInput=${(event) => setText(event.target.value)}
        />
      <//>
      ${read && html`<${Read} ...${read} />`}
    </details>
  `;
}

const Read = ({header, payload, expiresAt}) => html`
  ${
    expiresAt !== undefined &&
    html`<p class=${expiresAt > Date.now() ? "hint" : "error"}>
      ${t(expiresAt > Date.now() ? "diagnostics.token_holds" : "diagnostics.token_over", {at: moment(expiresAt)})}
    </p>`
  }
  <pre class="decoded" tabindex="0">${JSON.stringify({header, payload}, null, 2)}</pre>
`;
