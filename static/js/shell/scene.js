// The picture at the entrance: a market that goes its way, made of no stock's numbers.

import {html} from "#js/core/view.js";

const WIDTH = 560;
const HEIGHT = 220;
const STEP = 20;
const COUNT = WIDTH / STEP;

/** A walk that is the same each time: two waves on a slope. */
const level = (at) => 0.72 - at * 0.018 + Math.sin(at * 0.72) * 0.09 + Math.sin(at * 1.9 + 1) * 0.05;
const y = (value) => Math.round(value * HEIGHT);

const CANDLES = Array.from({length: COUNT}, (_, at) => {
  const [open, close] = [level(at), level(at + 1)];
  const reach = 0.03 + Math.abs(Math.sin(at * 2.3)) * 0.05;
  return {
    x: at * STEP + STEP / 2,
    kind: close < open ? "up" : "down",
    top: y(Math.min(open, close)),
    height: Math.max(2, Math.abs(y(open) - y(close))),
    high: y(Math.min(open, close) - reach),
    low: y(Math.max(open, close) + reach),
  };
});

const AVERAGE = CANDLES.map(({x}, at) => `${x} ${y((level(at - 2) + level(at) + level(at + 2)) / 3)}`).join("L");

export const Scene = () => html`
  <svg class="scene" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="xMidYMax slice" aria-hidden="true">
    ${[1, 2, 3].map((line) => html`<path key=${line} class="scene-line" d=${`M0 ${(line * HEIGHT) / 4}H${WIDTH}`} />`)}
    ${CANDLES.map(
      ({x, kind, top, height, high, low}) => html`
        <g key=${x} class=${kind}>
          <path d=${`M${x} ${high}V${low}`} />
          <rect x=${x - 5} y=${top} width="10" height=${height} rx="1.5" />
        </g>
      `,
    )}
    <path class="scene-average" d=${`M${AVERAGE}`} />
  </svg>
`;
