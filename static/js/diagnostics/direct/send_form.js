// Sending anything: an event with arguments and a file, once or many times, and again what was sent before.

import {t} from "#js/core/texts.js";
import {html, useRef, useState} from "#js/core/view.js";
import {draft} from "#js/diagnostics/direct/form_state.js";
import {history, remember} from "#js/diagnostics/direct/history.js";
import {readJson} from "#js/diagnostics/direct/json_text.js";
import {Field} from "#js/ui/field.js";
import {Icon} from "#js/ui/icon.js";

const MOST_TIMES = 1_000;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export function SendForm({client}) {
  const [{times, gap}, setBurst] = useState({times: 1, gap: 0});
  const [said, setSaid] = useState({error: "", result: ""});
  const [isBusy, setBusy] = useState(false);
  const stopped = useRef(false);
  const file = useRef(null);
  const change = (name) => (event) => (draft.value = {...draft.value, [name]: event.target.value});
  const number = (name) => (event) => setBurst({times, gap, [name]: Number(event.target.value)});

  async function send(what) {
    setBusy(true);
    stopped.current = false;
    try {
      const args = readJson(what.args, Array.isArray, []);
      const bytes = await file.current.files[0]?.arrayBuffer();
      remember(what);
      const answered = await sendOften(what, bytes ? [...args, bytes] : args);
      setSaid({error: "", result: summary(answered)});
    } catch (problem) {
      setSaid({error: problem.message, result: ""});
    }
    setBusy(false);
  }

  async function sendOften({event, timeout}, args) {
    const under = [];
    for (let count = 0; count < times && !stopped.current; count++) {
      under.push(client.emit(event, args, Number(timeout)));
      if (gap > 0 && count + 1 < times) {
        await pause(gap);
      }
    }
    return Promise.all(under);
  }

  return html`
    <form
      class="card panel"
      aria-labelledby="send-title"
      onSubmit=${(event) => {
        event.preventDefault();
        send(draft.value);
      }}
    >
      <h2 id="send-title">${t("diagnostics.send")}</h2>
      <div class="pair">
        <${Field} label=${t("diagnostics.event")}>
          <input id="event" value=${draft.value.event} required spellcheck=${false} onInput=${change("event")} />
        <//>
        <${Field} label=${t("diagnostics.ack_timeout")} hint=${t("diagnostics.ack_timeout_hint")}>
          <input type="number" min="0" max="600000" value=${draft.value.timeout} onInput=${change("timeout")} />
        <//>
      </div>
      <${Field} label=${t("diagnostics.arguments")} error=${said.error}>
        <textarea
          id="arguments"
          rows="4"
          class="code"
          spellcheck=${false}
          value=${draft.value.args}
          onInput=${change("args")}
        />
      <//>
      <div class="pair">
        <${Field} label=${t("diagnostics.file")}><input type="file" ref=${file} /><//>
        <${Field} label=${t("diagnostics.times")}>
          <input
            id="times"
            type="number"
            min="1"
            max=${MOST_TIMES}
            value=${times}
            required
            onInput=${number("times")}
          />
        <//>
        <${Field} label=${t("diagnostics.gap")}>
          <input type="number" min="0" max="60000" value=${gap} required onInput=${number("gap")} />
        <//>
      </div>
      <div class="controls">
        <button id="send" class="primary" disabled=${isBusy}><${Icon} name="send" />${t("diagnostics.send")}</button>
        ${isBusy && html`<button type="button" onClick=${() => (stopped.current = true)}>${t("diagnostics.stop")}</button>`}
        <p id="sent" class="hint" role="status">${said.result}</p>
      </div>
      <${History} onTake=${(sent) => (draft.value = sent)} onSend=${send} />
    </form>
  `;
}

/** What came of it: how many were answered, and how fast. */
function summary(times) {
  const known = times.filter((time) => time !== null);
  if (!known.length) {
    return t("diagnostics.sent", {count: times.length});
  }
  const average = known.reduce((sum, time) => sum + time, 0) / known.length;
  return t("diagnostics.answered", {count: known.length, all: times.length, ms: average.toFixed(1)});
}

function History({onTake, onSend}) {
  if (!history.value.length) {
    return null;
  }
  return html`
    <details class="history">
      <summary>${t("diagnostics.history")}</summary>
      <ul>
        ${history.value.map(
          (sent) => html`
            <li key=${JSON.stringify(sent)}>
              <button type="button" class="link" onClick=${() => onTake(sent)}>
                <b>${sent.event}</b> <code>${sent.args}</code>
              </button>
              <button
                type="button"
                class="icon"
                aria-label=${t("diagnostics.send_again", {event: sent.event})}
                title=${t("diagnostics.send_again", {event: sent.event})}
                onClick=${() => onSend(sent)}
              >
                <${Icon} name="retry" />
              </button>
            </li>
          `,
        )}
      </ul>
    </details>
  `;
}
