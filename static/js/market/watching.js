// How components come by live quotes: for as long as they are drawn.

import {useApp} from "#js/app.js";
import {useEffect} from "#js/core/view.js";

/** Have the quotes of these targets, `[["stock", "600519.SH"], …]`, come while the component is there. */
export function useQuotes(targets) {
  const {quotes} = useApp();
  useEffect(() => quotes.watch(targets), [JSON.stringify(targets)]);
  return quotes;
}

/** The same for stocks by their symbols. */
export const useStockQuotes = (symbols) => useQuotes(symbols.map((symbol) => ["stock", symbol]));
