// One area: its view is loaded when it is first seen, and one that fails does not take the page with it.

import {place} from "#js/core/router.js";
import {html, useEffect, useErrorBoundary, useState} from "#js/core/view.js";
import {Loading, Problem} from "#js/ui/state.js";

export function Area({area}) {
  const [{view, problem}, setLoaded] = useState({});
  const [fault, begin] = useErrorBoundary();
  const load = () => {
    setLoaded({});
    area.load().then(
      ({View}) => setLoaded({view: View}),
      (error) => setLoaded({problem: error}),
    );
  };
  useEffect(load, [area]);

  if (fault) {
    return html`<${Problem} error=${fault} retry=${begin} />`;
  }
  if (problem) {
    return html`<${Problem} error=${problem} retry=${load} />`;
  }
  return view ? html`<${view} path=${place.value.path} />` : html`<${Loading} rows=${6} />`;
}
