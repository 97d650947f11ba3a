// The icons: strokes on a field of 24, in the colour of the text around them.

import {html} from "#js/core/view.js";

const round = (x, y, radius) =>
  `M${x} ${y - radius}a${radius} ${radius} 0 1 0 0 ${2 * radius} ${radius} ${radius} 0 0 0 0${-2 * radius}`;

const PATHS = {
  activity: "M3 12h4l3-8 4 16 3-8h4",
  alert: "M12 4l9 16H3zM12 10v4.5M12 17.2v.01",
  attach: "M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L12.8 4.4a3 3 0 0 1 4.3 4.3l-7.6 7.6a1.5 1.5 0 0 1-2.2-2.2L14 7.5",
  back: "M11 5l-7 7 7 7M4 12h16",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 21h4",
  calendar: "M5 6h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM4 11h16M8 3.5v4M16 3.5v4",
  camera: `M5 7h3l1.5-2.5h5L16 7h3a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 19 19H5a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 5 7z${round(12, 13, 3.2)}`,
  chart: "M4 4v16h16M8 14l3.5-4 3 3L20 7",
  chat: "M6 4h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: `${round(12, 12, 8.5)}M12 7.5V12l3 2`,
  close: "M6 6l12 12M18 6L6 18",
  contrast: `${round(12, 12, 8.5)}M12 3.5v17M15.5 5v14M18.5 7v10`,
  copy: "M10 9h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zM15 9V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h4",
  "double-check": "M2 12.5L6.5 17 15.5 7.5M11.5 16.5l.5.5L21.5 7.5",
  down: "M6 9l6 6 6-6",
  download: "M12 4v11M7 10.5l5 5 5-5M4.5 20h15",
  edit: "M4 20l1-4.5L16 4.5 19.5 8l-11 11zM13.5 7L17 10.5",
  eye: `M2.5 12c2.2-4 5.5-6.2 9.5-6.2s7.3 2.2 9.5 6.200c-2.2 4-5.5 6.2-9.5 6.2s-7.3-2.2-9.5-6.2z${round(12, 12, 2.8)}`,
  "eye-off":
    "M4 4l16 16M9.5 6.200c.8-.3 1.6-.4 2.5-.4 4 0 7.3 2.2 9.5 6.2-.7 1.3-1.6 2.4-2.5 3.3M6.2 7.8C4.7 8.8 3.5 10.2 2.5 12c2.2 4 5.5 6.2 9.5 6.2 1.6 0 3-.3 4.3-1M9.9 9.900a2.8 2.8 0 0 0 4.2 4.200",
  filter: "M4 5h16l-6 8v5l-4 2v-7z",
  image: `M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM4 16l4.5-4.5L14 17l2.5-2.5L20 18${round(15.5, 8.5, 1)}`,
  info: `${round(12, 12, 8.5)}M12 11v5.5M12 7.5v.01`,
  key: `${round(8, 15, 4)}M11 12.2L20 4M16 7.5l3 3`,
  left: "M15 6l-6 6 6 6",
  logout: "M10 4H5a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h5M15 8l4 4-4 4M19 12H9",
  market: "M7 3v4M7 15v5M5 7h4v8H5zM17 4v4M17 17v4M15 8h4v9h-4z",
  more: [5, 12, 19].map((x) => round(x, 12, 0.9)).join(""),
  mute: "M6 16.5V11a6 6 0 0 1 9-5.2M18 11v4M4.5 18h13M10 21h4M4 4l16 16",
  pause: "M8.5 5v14M15.5 5v14",
  pin: "M12 15v6M8 4h8l-1 6 3 5H6l3-5z",
  play: "M7 4.5v15L19 12z",
  plus: "M12 5v14M5 12h14",
  reply: "M10 6l-6 6 6 6M4 12h10a6 6 0 0 1 6 6",
  retry: "M20 12a8 8 0 1 1-2.5-5.8M18 2.5v4h-4",
  right: "M9 6l6 6-6 6",
  search: `${round(11, 11, 7)}M16.2 16.2L21 21`,
  send: "M4 11.5L20 4l-5 16-4-6.5zM11 13.5L20 4",
  settings: `M4 7h9M17 7h3M4 17h3M11 17h9${round(15, 7, 2)}${round(9, 17, 2)}`,
  shield: "M12 3l8 3v6c0 4.5-3.5 7.5-8 9-4.5-1.5-8-4.5-8-9V6z",
  sort: "M8 5v14M4.5 15.5L8 19l3.5-3.5M16 19V5M12.5 8.5L16 5l3.5 3.5",
  star: "M12 3.5l2.6 5.5 6 .8-4.4 4.2 1.1 6L12 17.1 6.7 20l1.1-6-4.4-4.2 6-.8z",
  tasks: "M4 6l1.5 1.5L8 5M4 12.5L5.5 14 8 11.5M4 19l1.5 1.5L8 18M12 6.5h8M12 13h8M12 19.5h8",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  up: "M6 15l6-6 6 6",
  user: `${round(12, 8.5, 4)}M4.5 20.5c0-3.5 3-5.5 7.5-5.5s7.5 2 7.5 5.5`,
  users: `${round(9, 8.5, 3.5)}M2.5 20c0-3.5 2.7-5.5 6.5-5.5s6.5 2 6.5 5.5M16 5.2a3.5 3.5 0 0 1 0 6.6M18 15c2.2.7 3.5 2.5 3.5 5`,
  "wifi-off":
    "M4 4l16 16M3 9.5a13 13 0 0 1 5-3M12 6a13 13 0 0 1 9 3.5M6 13a8.5 8.5 0 0 1 5-2.4M9 16.3a4.3 4.3 0 0 1 6 0M12 19.5v.01",
};

/** An icon; without a `label` it says nothing to a screen reader. */
export function Icon({name, label}) {
  const spoken = label ? {role: "img", "aria-label": label} : {"aria-hidden": "true"};
  return html`<svg class="icon" viewBox="0 0 24 24" ...${spoken}><path d=${PATHS[name]} /></svg>`;
}
