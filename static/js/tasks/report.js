// The report of an analysis: what it says in words, in figures, in charts, and which signals there were.

import {change, day, percent, price} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";
import {trendOf} from "#js/market/models/book.js";
import {summary} from "#js/tasks/report_words.js";
import {Loading, Problem} from "#js/ui/state.js";

export function Report({report}) {
  return html`
    <section class="report" aria-label=${t("work.report")}>
      <p class="report-summary">
        ${summary(report)
          .map(({key, values}) => t(`work.says_${key}`, values))
          .join("")}
      </p>
      <${Figures} report=${report} />
      <${Chart} report=${report} />
      <${Signals} signals=${report.signals} />
    </section>
  `;
}

const asPercent = (fraction) => (fraction == null ? null : fraction * 100);

function Figures({report: {close, latest, risk}}) {
  const figures = [
    ["close", price(close)],
    ["total_return", percent(asPercent(risk.total_return)), trendOf(risk.total_return)],
    ["annual_return", percent(asPercent(risk.annual_return)), trendOf(risk.annual_return)],
    ["max_drawdown", percent(asPercent(risk.max_drawdown)), trendOf(risk.max_drawdown)],
    ["volatility", percent(asPercent(risk.annual_volatility)).replace("+", "")],
    ["sharpe", change(risk.sharpe)],
    ["rsi", latest.rsi == null ? "–" : latest.rsi.toFixed(1)],
    ["atr", price(latest.atr)],
  ];
  return html`
    <dl class="figures">
      ${figures.map(
        ([name, text, look]) => html`
          <div key=${name} data-figure=${name}>
            <dt>${t(`work.figure_${name}`)}</dt>
            <dd class=${look}>${text}</dd>
          </div>
        `,
      )}
    </dl>
  `;
}

/** The charts, whose library is loaded when the first report is seen. */
function Chart({report}) {
  const [part, setPart] = useState(null);
  const [error, setError] = useState(null);
  const load = () => {
    setError(null);
    import("#js/tasks/report_chart.js").then(({ReportChart}) => setPart(() => ReportChart), setError);
  };
  useEffect(load, []);
  if (error) {
    return html`<${Problem} error=${error} retry=${load} />`;
  }
  return part ? html`<${part} report=${report} />` : html`<div class="report-chart"><${Loading} rows=${6} /></div>`;
}

function Signals({signals}) {
  if (signals.length === 0) {
    return html`<h3>${t("work.signals")}</h3>
      <p class="hint">${t("work.no_signals")}</p>`;
  }
  return html`
    <h3 id="report-signals">${t("work.signals")}</h3>
    <div class="report-table" tabindex="0" role="region" aria-labelledby="report-signals">
      <table class="data">
        <thead>
          <tr>
            <th scope="col" class="number">${t("work.signal_number")}</th>
            <th scope="col">${t("work.signal_day")}</th>
            <th scope="col">${t("work.signal_strategy")}</th>
            <th scope="col" class="number">${t("work.signal_price")}</th>
            <th scope="col" class="number">${t("work.signal_score")}</th>
            <th scope="col">${t("work.signal_reason")}</th>
          </tr>
        </thead>
        <tbody>
          ${signals
            .map(
              (signal, index) => html`
                <tr key=${index}>
                  <td class="number">${index + 1}</td>
                  <td><time datetime=${signal.day} title=${day(signal.day)}>${signal.day}</time></td>
                  <td>${t(`strategies.${signal.strategy}.title`)}</td>
                  <td class="number">${price(signal.price)}</td>
                  <td class="number">${signal.score.toFixed(0)}</td>
                  <td>${reasonOf(signal)}</td>
                </tr>
              `,
            )
            .reverse()}
        </tbody>
      </table>
    </div>
  `;
}

/** Why, in the reader's language; reports of before say it in the server's alone. */
const reasonOf = ({strategy, reason, reason_values: values}) => (values ? t(`signals.${strategy}`, values) : reason);
