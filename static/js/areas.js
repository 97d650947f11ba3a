// The areas of the page, one row each: its name in links and texts (`areas.<name>`), its icon, and its view, loaded when first seen.
// `roles` are those who may see it (all, without), `count(app)` is how much waits there to be read.

export const AREAS = [
  {
    name: "chat",
    icon: "chat",
    load: () => import("#js/chat/view.js"),
    count: ({conversations}) => conversations.unread.value,
  },
  {name: "market", icon: "market", load: () => import("#js/market/view.js")},
  {name: "tasks", icon: "tasks", load: () => import("#js/tasks/view.js")},
  {name: "operator", icon: "activity", load: () => import("#js/operator/view.js"), roles: ["operator"]},
  {name: "settings", icon: "settings", load: () => import("#js/settings/view.js")},
];

/** The areas that somebody of this role may see. */
export const areasOf = (role) => AREAS.filter(({roles}) => !roles || roles.includes(role));

/** The area of a name among these, else the first. */
export const areaAt = (asked, areas) => areas.find(({name}) => name === asked) ?? areas[0];
