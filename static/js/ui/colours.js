// The page's colours for what is drawn on a canvas, which knows no variables; and when they change.

const CHART = ["panel", "ink", "faint", "line", "accent", "up", "down", "up-flash", "down-flash"];
const LINES = ["ma5", "ma10", "ma20", "ma60", "bollinger"];

/** What charts of stocks are drawn in, wherever they stand: the roles are the names of variables. */
const STOCK = Object.fromEntries([...CHART, ...LINES].map((name) => [name, `--${name}`]));

/** Return `{role: "#rrggbb"}` of an element's surroundings; `roles` names the variable of each. */
export function coloursOf(element, roles = STOCK) {
  const probe = document.createElement("span");
  element.append(probe);
  const paint = document.createElement("canvas").getContext("2d");
  const resolved = Object.entries(roles).map(([role, name]) => {
    probe.style.color = `var(${name})`;
    paint.fillStyle = getComputedStyle(probe).color;
    return [role, paint.fillStyle];
  });
  probe.remove();
  return Object.fromEntries(resolved);
}

/** "#c41d33" with so much of it, 0 to 1. */
export const thinned = (colour, share) =>
  `${colour}${Math.round(share * 255)
    .toString(16)
    .padStart(2, "0")}`;

/** Call `changed` when the theme or the colours of rising and falling do; returns what ends it. */
export function onColours(changed) {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, {attributes: true, attributeFilter: ["data-theme", "data-updown"]});
  return () => observer.disconnect();
}
