// How long an event and its ack take, once a second while somebody measures.

import {t} from "#js/core/texts.js";
import {html, signal} from "#js/core/view.js";
import {Switch} from "#js/ui/field.js";
import {Graph} from "#js/ui/graph.js";

const EVERY_MS = 1_000;
const TIMEOUT_MS = 5_000;
const MOST = 120;

const measured = signal([]);
const isOn = signal(false);
let timer = 0;

export function Latency({client}) {
  const switched = (on) => {
    isOn.value = on;
    clearInterval(timer);
    timer = on ? setInterval(() => measure(client), EVERY_MS) : 0;
  };
  const lines = [{name: "ping", color: "--accent", values: measured.value.map(({ms}) => ms)}];
  return html`
    <section class="card panel" aria-labelledby="latency-title">
      <h2 id="latency-title">${t("diagnostics.latency")}</h2>
      <${Switch}
        label=${t("diagnostics.measure")}
        hint=${t("diagnostics.measure_hint")}
        checked=${isOn.value}
        onChange=${switched}
      />
      ${
        measured.value.length > 0 &&
        html`<${Graph}
          label=${t("diagnostics.latency")}
          times=${measured.value.map(({at}) => at)}
          lines=${lines}
          format=${inMilliseconds}
        />`
      }
    </section>
  `;
}

const inMilliseconds = (value) => (value == null ? "–" : t("diagnostics.milliseconds", {ms: value.toFixed(1)}));

async function measure(client) {
  if (client.state.value === "open") {
    const ms = await client.emit("ping", [{}], TIMEOUT_MS);
    measured.value = [...measured.value, {at: Date.now() / 1000, ms}].slice(-MOST);
  }
}
