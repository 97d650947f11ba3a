// Where the diagnostic pages begin: what they are, what this browser can, how the server feels.

import {t} from "#js/core/texts.js";
import {html, signal} from "#js/core/view.js";
import {addressOf, start} from "#js/diagnostics/page.js";
import {Icon} from "#js/ui/icon.js";

const health = signal(null);

function Index() {
  return html`
    <div class="intro">
      <h1>${t("diagnostics.page_index")}</h1>
      <p class="hint">${t("diagnostics.index_intro")}</p>
    </div>
    <div class="choices">
      ${["connection", "direct"].map(
        (name) => html`
          <a key=${name} class="card choice" href=${addressOf(name)}>
            <${Icon} name=${name === "connection" ? "check" : "send"} />
            <span class="choice-title">${t(`diagnostics.page_${name}`)}</span>
            <span class="hint">${t(`diagnostics.${name}_intro`)}</span>
          </a>
        `,
      )}
    </div>
    <div class="facts">
      <${Facts} title=${t("diagnostics.this_browser")} facts=${browserFacts()} />
      <${Facts} title=${t("diagnostics.this_server")} facts=${health.value ?? []} />
    </div>
    <p class="hint">
      ${t("diagnostics.also")} <code>.venv/bin/python -m server.probe ${location.origin}</code> · ${" "}
      <a href="/api/docs">${t("diagnostics.api_docs")}</a>
    </p>
  `;
}

const Facts = ({title, facts}) => html`
  <section class="card">
    <h2>${title}</h2>
    <dl>
      ${facts.map(
        ([name, value, isGood]) => html`
          <div key=${name} class="fact">
            <dt>${t(`diagnostics.fact_${name}`)}</dt>
            <dd data-state=${isGood === undefined ? undefined : isGood ? "green" : "red"}>${value}</dd>
          </div>
        `,
      )}
    </dl>
  </section>
`;

const yesOrNo = (isSo) => t(isSo ? "diagnostics.yes" : "diagnostics.no");

const browserFacts = () => [
  ["address", location.origin],
  ["secure", yesOrNo(window.isSecureContext), window.isSecureContext],
  ["websocket", yesOrNo("WebSocket" in window), "WebSocket" in window],
  ["event_source", yesOrNo("EventSource" in window), "EventSource" in window],
  ["online", yesOrNo(navigator.onLine), navigator.onLine],
  ["languages", navigator.languages.join(", ")],
];

async function askServer() {
  const begun = performance.now();
  try {
    const answer = await fetch("/health", {credentials: "omit"});
    const {status, failed = [], details} = await answer.json();
    health.value = [
      ["status", [answer.status, status, ...failed].join(" "), status === "ok"],
      ["answer_time", t("diagnostics.milliseconds", {ms: Math.round(performance.now() - begun)})],
      ...(details ? [["version", details.version]] : []),
      ...Object.entries(details?.parts ?? {}).map(([part, state]) => [part, state, state === "ok"]),
    ];
  } catch (error) {
    health.value = [["status", error.message, false]];
  }
}

await start("index", Index);
askServer();
