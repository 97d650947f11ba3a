// The areas of the page, one row each: its name in links and texts (`areas.<name>`), its icon, and its view, loaded when first seen.

export const AREAS = [{name: "chat", icon: "chat", load: () => import("#js/chat/view.js")}];

/** The areas that somebody of this role may see. */
export const areasOf = (role) => AREAS.filter(({roles}) => !roles || roles.includes(role));
