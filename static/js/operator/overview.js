// The figures of the server as they move.

import {useApp} from "#js/app.js";
import {bytes, count, duration} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect} from "#js/core/view.js";
import {Closes} from "#js/operator/closes.js";
import {Health} from "#js/operator/health.js";
import {Nodes} from "#js/operator/nodes.js";
import {pointsOf} from "#js/operator/rates.js";
import {BYTES, Graph, WHOLE} from "#js/ui/graph.js";
import {State} from "#js/ui/state.js";

const TRANSPORTS = {websocket: "--accent", polling: "--warn", raw: "--good", sse: "--bad"};

const each = (value) => (value == null ? "–" : count(value));
const perSecond = (value) => (value == null ? "–" : value.toFixed(1));
const milliseconds = (value) => (value == null ? "–" : t("operator.ms", {ms: value.toFixed(1)}));
const size = (value) => (value == null ? "–" : bytes(Math.max(0, value)));
const seconds = (value) => (value == null ? "–" : t("operator.seconds", {seconds: value.toFixed(0)}));
const percent = (value) => (value == null ? "–" : `${(value * 100).toFixed(0)} %`);

/** What each graph shows: the name of its text, how a value is written, and lines by name, colour and where they come from. */
const GRAPHS = [
  {
    name: "connections",
    format: each,
    steps: WHOLE,
    lines: Object.entries(TRANSPORTS).map(([name, color]) => [
      name,
      color,
      ({overview}) => overview.connections[name] ?? 0,
    ]),
  },
  {
    name: "comings",
    format: perSecond,
    lines: [
      ["came", "--good", ({rates}) => rates.came],
      ["went", "--warn", ({rates}) => rates.went],
    ],
  },
  {
    name: "messages",
    format: perSecond,
    lines: [
      ["in", "--accent", ({rates}) => rates.events_in],
      ["out", "--good", ({rates}) => rates.messages_out],
    ],
  },
  {
    name: "traffic",
    format: size,
    steps: BYTES,
    lines: [
      ["in", "--accent", ({rates}) => rates.bytes_in],
      ["out", "--good", ({rates}) => rates.bytes_out],
    ],
  },
  {name: "lag", format: milliseconds, lines: [["lag", "--accent", ({overview}) => overview.loop_lag_seconds * 1000]]},
  {
    name: "latency",
    format: milliseconds,
    lines: [
      ["database", "--accent", ({rates}) => rates.database],
      ["redis", "--good", ({rates}) => rates.redis],
    ],
  },
  {
    name: "outboxes",
    format: size,
    steps: BYTES,
    lines: [
      ["all", "--accent", ({overview}) => overview.queued_bytes],
      ["largest", "--warn", ({overview}) => overview.queued_largest_bytes],
    ],
  },
  {name: "memory", format: size, steps: BYTES, lines: [["memory", "--accent", ({overview}) => overview.process.memory_bytes]]},
  {
    name: "feed",
    format: seconds,
    steps: WHOLE,
    lines: [["feed", "--accent", ({overview}) => overview.readings.feed_lag_seconds]],
  },
  {name: "cpu", format: percent, lines: [["cpu", "--accent", ({rates}) => rates.cpu]]},
];

export function Overview() {
  const {watch} = useApp();
  useEffect(() => watch.look(), [watch]);
  return html`<${State} following=${watch}><${Figures} watch=${watch} /><//>`;
}

function Figures({watch}) {
  const samples = watch.samples.value;
  const {overview} = samples.at(-1);
  const points = pointsOf(samples);
  const times = points.map(({at}) => at);
  return html`
    ${watch.isLate.value && html`<p class="operator-late" role="status">${t("operator.late")}</p>`}
    <${Tiles} overview=${overview} />
    <div class="operator-graphs">
      ${GRAPHS.map(
        ({name, format, steps, lines}) => html`
          <${Graph}
            key=${name}
            label=${t(`operator.graph_${name}`)}
            format=${format}
            steps=${steps}
            times=${times}
            lines=${lines.map(([line, color, read]) => ({
              name: t(`operator.line_${line}`),
              color,
              values: points.map((point) => (point.overview && read(point)) ?? null),
            }))}
          />
        `,
      )}
    </div>
    <${Closes} closes=${overview.closes} />
    <${Nodes} overview=${overview} rates=${points.at(-1)?.rates} />
    <${Health} />
  `;
}

function Tiles({overview}) {
  const {totals, readings} = overview;
  const connections = Object.values(overview.connections).reduce((sum, one) => sum + one, 0);
  const tiles = {
    connections: count(connections),
    users: count(overview.users),
    rooms: count(overview.rooms),
    slow_closes: count(totals.slow_consumer_closes),
    dropped: count(totals.dropped_messages),
    feed_lag: seconds(readings.feed_lag_seconds),
    waiting: count(readings.message_queue_length),
    uptime: duration(overview.uptime_seconds),
  };
  return html`
    <dl class="operator-tiles">
      ${Object.entries(tiles).map(
        ([name, value]) => html`
          <div key=${name} data-figure=${name}>
            <dt>${t(`operator.figure_${name}`)}</dt>
            <dd>${value}</dd>
          </div>
        `,
      )}
    </dl>
  `;
}
