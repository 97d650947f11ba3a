// The charts of a report, one under another on the same days, with a legend of the day that is pointed at.

import {percent, price} from "#js/core/format.js";
import {kept} from "#js/core/storage.js";
import {language, t} from "#js/core/texts.js";
import {html, useEffect, useLayoutEffect, useRef, useState} from "#js/core/view.js";
import {onColours} from "#js/ui/colours.js";
import {drawReport} from "#js/tasks/report_drawing.js";

const OVERLAYS = ["averages", "bands", "signals"];
const AVERAGES = ["ma5", "ma10", "ma20", "ma60"];
const overlays = kept("report-overlays", ["averages", "signals"]);

export function ReportChart({report}) {
  const place = useRef(null);
  const [look, setLook] = useState(0);
  useEffect(() => onColours(() => setLook((before) => before + 1)), []); // a canvas has to be drawn anew then
  const [at, setAt] = useState(null);
  const shown = overlays.value;
  useLayoutEffect(() => {
    const chart = drawReport(place.current, report, {shown, locale: language.value});
    chart.subscribeCrosshairMove(({logical}) => setAt(logical == null ? null : logical));
    return () => chart.remove();
  }, [report, look, shown, language.value]);
  const toggle = (name) => {
    overlays.value = shown.includes(name) ? shown.filter((one) => one !== name) : [...shown, name];
  };
  return html`
    <figure class="report-chart">
      <div class="report-overlays">
        ${OVERLAYS.map(
          (name) => html`
            <button
              key=${name}
              type="button"
              class="chip"
              aria-pressed=${shown.includes(name)}
              onClick=${() => toggle(name)}
            >
              ${t(`work.overlay_${name}`)}
            </button>
          `,
        )}
      </div>
      <${Legend} series=${report.series} at=${at} shown=${shown} />
      <div
        class="report-canvas"
        ref=${place}
        role="img"
        aria-label=${t("work.chart_label", {name: report.name, from: report.from, day: report.day})}
      ></div>
      <figcaption class="hint">
        ${t("work.charts_by")}${" "}
        <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer"
          >TradingView Lightweight Charts™</a
        >
        ${" "}© TradingView, Inc.
      </figcaption>
    </figure>
  `;
}

/** What there is of the day that is pointed at, or of the last one. */
function Legend({series, at, shown}) {
  const last = series.days.length - 1;
  const index = at === null || at < 0 || at > last ? last : at;
  const {open, high, low, close} = series;
  const before = close[index - 1];
  const moved = before ? (close[index] / before - 1) * 100 : 0;
  return html`
    <p class="report-legend">
      <b>${series.days[index]}</b>
      ${[
        ["open", open],
        ["high", high],
        ["low", low],
        ["close", close],
      ].map(
        ([name, values]) => html`<span key=${name}><i>${t(`work.legend_${name}`)}</i> ${price(values[index])}</span>`,
      )}
      <span class=${moved > 0 ? "up" : moved < 0 ? "down" : "flat"}>${percent(moved)}</span>
      ${
        shown.includes("averages") &&
        AVERAGES.map(
          (name) =>
            html`<span key=${name} data-line=${name}><i>${name.toUpperCase()}</i> ${price(series[name][index])}</span>`,
        )
      }
    </p>
  `;
}
