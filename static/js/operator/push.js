// Pushing prices by hand: to whom, which, and what came of it.

import {useApp} from "#js/app.js";
import {count} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {useFetched} from "#js/operator/fetched.js";
import {readQuotes, recipientsOf} from "#js/operator/recipients.js";
import {useSaving} from "#js/settings/form.js";
import {confirm} from "#js/ui/dialog.js";
import {Field} from "#js/ui/field.js";
import {State} from "#js/ui/state.js";

const EXAMPLE = '[{"symbol": "600519.SH", "price": 1850.5}]';
const MOST_CLIENTS = 1_000;

export function Push() {
  const {session} = useApp();
  const fetched = useFetched(async () => {
    const [{strategies}, attendance] = await Promise.all([
      session.request("GET", "/strategies"),
      session.request("GET", `/websocket/clients?limit=${MOST_CLIENTS}`),
    ]);
    return {strategies, ...attendance};
  }, [session]);
  return html`<${State} following=${fetched}
    >${fetched.value.value && html`<${PushForm} ...${fetched.value.value} refresh=${fetched.refresh} />`}<//
  >`;
}

function PushForm({strategies, clients, total, refresh}) {
  const {session} = useApp();
  const [strategy, setStrategy] = useState(strategies[0].name);
  const [text, setText] = useState("");
  const [result, setResult] = useState(null);
  const {isBusy, error, save} = useSaving();
  const {quotes, problem, detail, at} = readQuotes(text);
  const reached = recipientsOf(clients, strategy, quotes ?? null);

  async function push(event) {
    event.preventDefault();
    const isMeant = await confirm({
      title: t("operator.push_title"),
      text: t(quotes ? "operator.push_text_quotes" : "operator.push_text", {count: quotes?.length, strategy}),
      action: t("operator.push"),
    });
    if (isMeant) {
      await save(async () => {
        const path = `/websocket/push/prices?strategy=${encodeURIComponent(strategy)}`;
        setResult(await session.request("POST", path, quotes ?? undefined));
        refresh();
      });
    }
  }

  return html`
    <form class="operator-form" onSubmit=${push}>
      <p class="hint">${t("operator.push_hint")}</p>
      <${Field} label=${t("operator.strategy")}>
        <select id="strategy" value=${strategy} onChange=${(event) => setStrategy(event.target.value)}>
          ${strategies.map(({name, title}) => html`<option key=${name} value=${name}>${title} · ${name}</option>`)}
        </select>
      <//>
      <${Field}
        label=${t("operator.quotes")}
        hint=${t("operator.quotes_hint")}
        error=${problem ? t(`operator.quotes_${problem}`, {reason: detail, number: at}) : error}
      >
        <textarea
          id="quotes"
          class="operator-code"
          rows="6"
          spellcheck=${false}
          placeholder=${EXAMPLE}
          value=${text}
          onInput=${(event) => setText(event.target.value)}
        />
      <//>
      <p class="hint" id="recipients">${t("operator.recipients", {count: reached.length, all: total})}</p>
      <div class="operator-actions">
        <button id="push" class="primary" disabled=${isBusy || Boolean(problem)}>${t("operator.push")}</button>
        <p id="pushed" role="status">
          ${result && t("operator.pushed", {stocks: count(result.stocks), clients: count(result.clients), delivered: count(result.delivered)})}
        </p>
      </div>
    </form>
  `;
}
