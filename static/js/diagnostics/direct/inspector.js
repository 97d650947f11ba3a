// Reading frames that somebody has copied from elsewhere.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {decodePayload} from "#js/diagnostics/direct/frames.js";
import {Field} from "#js/ui/field.js";

export function Inspector() {
  const [text, setText] = useState("");
  const frames = text.trim() ? decodePayload(text.trim()) : [];
  return html`
    <section class="card panel" aria-labelledby="inspector-title">
      <h2 id="inspector-title">${t("diagnostics.inspector")}</h2>
      <${Field} label=${t("diagnostics.frames")} hint=${t("diagnostics.frames_hint")}>
        <textarea
          id="frames"
          rows="2"
          class="code"
          spellcheck=${false}
          placeholder=${'42/chat,1["ping",{}]'}
          value=${text}
          onInput=${(event) => setText(event.target.value)}
        />
      <//>
      ${frames.map((frame, index) => html`<pre key=${index} class="decoded" tabindex="0">${JSON.stringify(frame, null, 2)}</pre>`)}
    </section>
  `;
}
