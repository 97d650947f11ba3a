// Where to connect, and as whom.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {keepSettings, PARSERS, settings, TRANSPORTS} from "#js/diagnostics/direct/form_state.js";
import {isObject, readJson} from "#js/diagnostics/direct/json_text.js";
import {Field, Switch} from "#js/ui/field.js";

export function ConnectForm({client, identity}) {
  const [auth, setAuth] = useState("");
  const [error, setError] = useState("");
  const {url, path, namespace, transports, parser, reconnects} = settings.value;
  const change = (name) => (event) => (settings.value = {...settings.value, [name]: event.target.value});
  const isClosed = client.state.value === "closed";

  async function connect(event) {
    event.preventDefault();
    const where = url || location.origin;
    // A link may name another server: that one is told only what is written here.
    const usual = new URL(where).origin === location.origin ? {token: identity.token.value} : {};
    try {
      const given = readJson(auth, isObject, usual);
      setError("");
      keepSettings();
      const chosen = {path, namespace, transports: TRANSPORTS[transports], parser, reconnects};
      await client.connect({url: where, auth: given, ...chosen});
    } catch (problem) {
      setError(problem.message);
    }
  }

  return html`
    <form class="card panel" onSubmit=${connect} aria-labelledby="connect-title">
      <h2 id="connect-title">${t("diagnostics.connection")}</h2>
      <div class="pair">
        <${Field} label=${t("diagnostics.url")}>
          <input type="url" value=${url} placeholder=${location.origin} onInput=${change("url")} />
        <//>
        <${Field} label=${t("diagnostics.path")}
          ><input id="path" value=${path} required onInput=${change("path")}
        /><//>
        <${Field} label=${t("diagnostics.namespace")}>
          <input value=${namespace} required pattern="/.*" onInput=${change("namespace")} />
        <//>
        <${Field} label=${t("diagnostics.transports")}>
          <select id="transports" value=${transports} onChange=${change("transports")}>
            ${Object.keys(TRANSPORTS).map((name) => html`<option key=${name} value=${name}>${t(`diagnostics.by_${name}`)}</option>`)}
          </select>
        <//>
        <${Field} label=${t("diagnostics.parser")}>
          <select id="parser" value=${parser} onChange=${change("parser")}>
            ${PARSERS.map((name) => html`<option key=${name} value=${name}>${t(`diagnostics.parser_${name}`)}</option>`)}
          </select>
        <//>
      </div>
      <${Field} label=${t("diagnostics.auth")} hint=${t("diagnostics.auth_hint")} error=${error}>
        <textarea
          id="auth"
          rows="2"
          class="code"
          spellcheck=${false}
          autocomplete="off"
          value=${auth}
          onInput=${(event) => setAuth(event.target.value)}
        />
      <//>
      <${Switch}
        label=${t("diagnostics.reconnects")}
        checked=${reconnects}
        onChange=${(isOn) => (settings.value = {...settings.value, reconnects: isOn})}
      />
      <div class="controls">
        <button id="connect" class="primary">
          ${t(isClosed ? "diagnostics.connect" : "diagnostics.connect_anew")}
        </button>
        <button id="disconnect" type="button" disabled=${isClosed} onClick=${() => client.disconnect()}>
          ${t("diagnostics.disconnect")}
        </button>
        <button
          id="cut"
          type="button"
          title=${t("diagnostics.cut_hint")}
          disabled=${client.state.value !== "open"}
          onClick=${() => client.cut()}
        >
          ${t("diagnostics.cut")}
        </button>
        <${ClientState} client=${client} />
      </div>
    </form>
  `;
}

function ClientState({client}) {
  const state = client.state.value;
  const dot = {closed: "offline", connecting: "idle", open: "online"}[state];
  return html`
    <p id="client-state" class="client-state" role="status" data-state=${state}>
      <span class="dot" data-state=${dot} aria-hidden="true" />
      <span>${t(`diagnostics.client_${state}`)}</span>
      ${state === "open" && html`<span class="hint">${client.transport.value} · <code>${client.id.value}</code></span>`}
    </p>
  `;
}
