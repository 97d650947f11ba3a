// Finding stocks.

import {useApp} from "#js/app.js";
import {useAnswer} from "#js/core/typed.js";
import {complain} from "#js/ui/toasts.js";

const PAUSE_MS = 150;
const MOST = 8;

/** Return the stocks whose code or name begins so, once the typing rests; null as long as nobody knows. */
export function useStocks(text) {
  const {session} = useApp();
  const ask = async (query) => {
    const {stocks} = await session.request("GET", `/stocks?${new URLSearchParams({query, limit: MOST})}`);
    return stocks;
  };
  return useAnswer(text, ask, {pauseMs: PAUSE_MS, onProblem: complain});
}
