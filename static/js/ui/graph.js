// Lines over time that go on by themselves, drawn by uPlot, which is loaded when the first one is seen.

import {html, useEffect, useRef} from "#js/core/view.js";
import {coloursOf} from "#js/ui/colours.js";

const STYLES = "/static/npm/uplot.css";
const AXIS_WIDTH = 64;
const LEAST_SECONDS = 60; // what is shown at least, also of what has just begun

/** Steps of an axis: of what there is nothing of between 1 and 2, and of bytes. */
export const WHOLE = Array.from({length: 15}, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
export const BYTES = Array.from({length: 50}, (_, power) => 2 ** power);

let loading = null;

/** Load uPlot and its styles, once. */
function load() {
  loading ??= import("uplot").then((module) => {
    const link = Object.assign(document.createElement("link"), {rel: "stylesheet", href: STYLES});
    document.head.append(link);
    return module.default;
  });
  return loading;
}

/**
 * `times` are seconds of the clock, `lines` are `{name, color, values}` with the name of a variable of the design system as
 * colour, `format(value)` says what stands at the axis and in the legend; `steps` are those of the axis, if not any.
 */
export function Graph({label, times, lines, format, steps, height = 150}) {
  const place = useRef(null);
  const plot = useRef(null);
  const data = [times, ...lines.map(({values}) => values)];
  const newest = useRef(data);
  newest.current = data;
  useEffect(() => {
    let isGone = false;
    load().then((Plot) => {
      if (!isGone) {
        const options = optionsOf(lines, {format, steps, width: place.current.clientWidth, height});
        plot.current = new Plot(options, newest.current, place.current);
      }
    });
    const observer = new ResizeObserver(([{contentRect}]) => plot.current?.setSize({width: contentRect.width, height}));
    observer.observe(place.current);
    return () => {
      isGone = true;
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [lines.map(({name}) => name).join("\n")]);
  useEffect(() => plot.current?.setData(newest.current));

  const latest = lines.map(({name, values}) => `${name} ${format(values.at(-1))}`).join(", ");
  return html`
    <figure class="graph">
      <figcaption>
        <span class="graph-title">${label}</span>
        ${lines.map(
          ({name, color, values}) => html`
            <span key=${name} class="graph-line">
              <span class="graph-mark" style=${{background: `var(${color})`}} />${lines.length > 1 && name}
              <b>${format(values.at(-1))}</b>
            </span>
          `,
        )}
      </figcaption>
      <div ref=${place} role="img" aria-label=${`${label}: ${latest}`} />
    </figure>
  `;
}

const spanOf = (first, last) => [Math.min(first ?? last, last - LEAST_SECONDS), last];

function optionsOf(lines, {format, steps, width, height}) {
  const css = (name) => coloursOf(document.body, {it: name}).it;
  const axis = {
    stroke: () => css("--faint"),
    grid: {stroke: () => css("--line"), width: 1},
    ticks: {show: false},
    font: "12px system-ui, sans-serif",
  };
  return {
    width,
    height,
    legend: {show: false},
    cursor: {y: false, drag: {x: false, y: false}, points: {size: 6}},
    scales: {
      x: {range: (_, first, last) => spanOf(first, last ?? Date.now() / 1000)},
      y: {range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.1 : 1]},
    },
    axes: [
      {...axis, values: "{HH}:{mm}:{ss}", space: 90, size: 28, grid: {show: false}},
      {
        ...axis,
        ...(steps && {incrs: steps}),
        size: AXIS_WIDTH,
        space: 36,
        values: (_, ticks) => ticks.map((tick) => format(tick)),
      },
    ],
    series: [
      {},
      ...lines.map(({name, color}) => ({label: name, stroke: () => css(color), width: 1.75, points: {show: false}})),
    ],
  };
}
