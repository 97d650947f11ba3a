// The connection test: everything a client does, tried in this browser, green or red.

import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {EVENTS} from "#js/diagnostics/checks/events.js";
import {CheckRun} from "#js/diagnostics/checks/run.js";
import {TRANSPORTS} from "#js/diagnostics/checks/transports.js";
import {Identity} from "#js/diagnostics/identity.js";
import {start} from "#js/diagnostics/page.js";
import {save} from "#js/diagnostics/save.js";
import {SignIn} from "#js/diagnostics/sign_in.js";
import {Icon} from "#js/ui/icon.js";

const GROUPS = {transports: TRANSPORTS, events: EVENTS};
const CHECKS = Object.values(GROUPS).flat();
const ICONS = {green: "check", red: "close", running: "clock", waiting: "clock", skipped: "right"};

const identity = new Identity();
const run = new CheckRun(CHECKS, identity);

function ConnectionTest() {
  return html`
    <div class="intro">
      <h1>${t("diagnostics.page_connection")}</h1>
      <p class="hint">${t("diagnostics.connection_intro")}</p>
    </div>
    <${SignIn} identity=${identity} />
    <${Controls} />
    ${Object.entries(GROUPS).map(
      ([name, checks]) => html`
        <section class="checks" aria-labelledby=${`group-${name}`}>
          <h2 id=${`group-${name}`}>${t(`diagnostics.group_${name}`)}</h2>
          <ul>
            ${checks.map((check) => html`<${Check} key=${check.name} check=${check} />`)}
          </ul>
        </section>
      `,
    )}
  `;
}

function Controls() {
  const isRunning = run.isRunning.value;
  const [green, red, skipped] = ["green", "red", "skipped"].map((state) => run.count(state));
  const isOver = !isRunning && green + red > 0;
  const state = isRunning ? "running" : red ? "red" : isOver ? "green" : "waiting";
  return html`
    <div class="controls">
      <button id="run" class="primary" type="button" disabled=${isRunning} onClick=${() => run.all()}>
        <${Icon} name="play" />${t("diagnostics.run_all")}
      </button>
      <button type="button" disabled=${!isOver} onClick=${saveReport}>
        <${Icon} name="download" />${t("diagnostics.save_report")}
      </button>
      <p id="summary" role="status" data-state=${state}>
        ${green + red + skipped > 0 && t("diagnostics.summary", {green, red, skipped})}
      </p>
    </div>
  `;
}

function Check({check: {name, needsToken}}) {
  const {state = "idle", milliseconds, seen, advice} = run.results.value[name] ?? {};
  const title = t(`diagnostics.check_${name}`);
  return html`
    <li class="check" data-check=${name} data-state=${state}>
      <span class="check-mark">${ICONS[state] && html`<${Icon} name=${ICONS[state]} />`}</span>
      <div class="check-words">
        <p class="check-title">
          ${title}<span class="visually-hidden">: ${t(`diagnostics.state_${state}`)}</span>
          ${needsToken && state === "idle" && html`<${Icon} name="key" label=${t("diagnostics.needs_token")} />`}
        </p>
        ${seen && html`<p class="check-seen">${seen}</p>`} ${advice && html`<p class="check-advice">${advice}</p>`}
      </div>
      <span class="check-time"
        >${milliseconds !== undefined && t("diagnostics.milliseconds", {ms: round(milliseconds)})}</span
      >
      <button
        type="button"
        class="icon"
        aria-label=${t("diagnostics.run_one", {name: title})}
        title=${t("diagnostics.run_one", {name: title})}
        disabled=${run.isRunning.value || state === "running"}
        onClick=${() => run.one(name)}
      >
        <${Icon} name="play" />
      </button>
    </li>
  `;
}

const round = (milliseconds) => (milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds));

function saveReport() {
  const results = CHECKS.map(({name}) => [name, run.results.value[name]]).filter(([, result]) => result);
  const lines = results.map(
    ([name, {state, milliseconds = 0, seen = ""}]) =>
      `${state.padEnd(8)}${name.padEnd(22)}${round(milliseconds)} ms  ${seen}`,
  );
  const head = [`${location.origin}  ${new Date().toISOString()}`, navigator.userAgent, ""];
  save("connection-test.txt", [...head, ...lines, ""].join("\n"));
}

identity.restore();
await start("connection", ConnectionTest);
