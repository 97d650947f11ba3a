// One area: its view is loaded when it is first seen, and one that fails does not take the page with it.

import {useApp} from "#js/app.js";
import {ConnectionLost} from "#js/core/live.js";
import {place} from "#js/core/router.js";
import {html, useEffect, useErrorBoundary, useState} from "#js/core/view.js";
import {Loading, Problem} from "#js/ui/state.js";

export function Area({area}) {
  const isLive = useApp().live.state.value === "live";
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
  useEffect(() => void (problem && isLive && load()), [isLive]); // what could not be fetched is there by now

  if (fault) {
    return html`<${Problem} error=${fault} retry=${begin} />`;
  }
  if (problem && !isLive) {
    return html`<${Problem} error=${new ConnectionLost()} retry=${load} />`;
  }
  if (problem) {
    // The server may have another version by now, whose modules do not fit those that are here.
    return html`<${Problem} error=${problem} retry=${() => location.reload()} />`;
  }
  return view ? html`<${view} path=${place.value.path} />` : html`<${Loading} rows=${6} />`;
}
