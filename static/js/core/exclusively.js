// Taking turns over the tabs of one browser.

/** Run `work` while no other tab does under the same name; browsers hide locks from pages without TLS. */
export const exclusively = async (name, work) =>
  globalThis.navigator?.locks ? navigator.locks.request(`stock-insight-${name}`, work) : work();
