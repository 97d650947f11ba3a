// One area: its view is loaded when it is first seen, and one that fails does not take the page with it.

import {place} from "#js/core/router.js";
import {html, useEffect, useErrorBoundary, useState} from "#js/core/view.js";
import {Loading, Problem} from "#js/ui/state.js";

export function Area({area}) {
  const [{view, problem}, setLoaded] = useState({});
  const [fault, begin] = useErrorBoundary();
  useEffect(() => {
    setLoaded({});
    area.load().then(
      ({View}) => setLoaded({view: View}),
      (error) => setLoaded({problem: error}),
    );
  }, [area]);

  if (fault) {
    return html`<${Problem} error=${fault} retry=${begin} />`;
  }
  if (problem) {
    // The server may have another version by now, whose modules do not fit those that are here.
    return html`<${Problem} error=${problem} retry=${() => location.reload()} />`;
  }
  return view ? html`<${view} path=${place.value.path} />` : html`<${Loading} rows=${6} />`;
}
