// The bare connections, to be opened and written to by hand.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {DOORS} from "#js/diagnostics/direct/raw.js";
import {Field} from "#js/ui/field.js";

const EXAMPLES = {
  prices: '{"type":"subscribe","subscription_type":"market","target":"ALL"}',
  notifications: '{"type":"ping"}',
  events: "",
  engine: "40",
  polling: "40",
};

export function RawForm({connection, identity}) {
  const [{door, path, text}, setRaw] = useState({door: "prices", path: DOORS.prices.path, text: EXAMPLES.prices});
  const isOpen = connection.isOpen.value;
  const choose = (name) => setRaw({door: name, path: DOORS[name].path, text: EXAMPLES[name]});
  const {way} = DOORS[door];

  function open(event) {
    event.preventDefault();
    connection.open(way, path, identity.token.value);
  }

  return html`
    <form class="card panel" aria-labelledby="raw-title" onSubmit=${open}>
      <h2 id="raw-title">${t("diagnostics.raw")}</h2>
      <p class="hint">${t("diagnostics.raw_hint")}</p>
      <div class="pair">
        <${Field} label=${t("diagnostics.door")}>
          <select id="door" value=${door} disabled=${isOpen} onChange=${(event) => choose(event.target.value)}>
            ${Object.keys(DOORS).map((name) => html`<option key=${name} value=${name}>${t(`diagnostics.door_${name}`)}</option>`)}
          </select>
        <//>
        <${Field} label=${t("diagnostics.path")}>
          <input
            value=${path}
            required
            pattern="/(?!/).*"
            disabled=${isOpen}
            onInput=${(event) => setRaw({door, text, path: event.target.value})}
          />
        <//>
      </div>
      ${
        way !== "events" &&
        html`<${Field} label=${t("diagnostics.raw_text")}>
          <textarea
            id="raw-text"
            rows="2"
            class="code"
            spellcheck=${false}
            value=${text}
            onInput=${(event) => setRaw({door, path, text: event.target.value})}
          />
        <//>`
      }
      <div class="controls">
        <button id="raw-open" class="primary" disabled=${isOpen}>${t("diagnostics.connect")}</button>
        <button id="raw-close" type="button" disabled=${!isOpen} onClick=${() => connection.close()}>
          ${t("diagnostics.disconnect")}
        </button>
        ${
          way !== "events" &&
          html`<button id="raw-send" type="button" disabled=${!isOpen} onClick=${() => connection.send(text)}>
            ${t("diagnostics.send")}
          </button>`
        }
      </div>
    </form>
  `;
}
