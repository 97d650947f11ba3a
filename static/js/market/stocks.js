// Finding stocks.

import {useApp} from "#js/app.js";
import {useEffect, useState} from "#js/core/view.js";
import {complain} from "#js/ui/toasts.js";

const PAUSE_MS = 150;
const MOST = 8;

/** Return the stocks whose code or name begins so, once the typing rests; null as long as nobody knows. */
export function useStocks(text) {
  const {session} = useApp();
  const [found, setFound] = useState({sought: "", stocks: null});
  const sought = text.trim();
  useEffect(() => {
    if (!sought) {
      return undefined;
    }
    let isWanted = true;
    const timer = setTimeout(async () => {
      try {
        const query = new URLSearchParams({query: sought, limit: MOST});
        const {stocks} = await session.request("GET", `/stocks?${query}`);
        if (isWanted) {
          setFound({sought, stocks});
        }
      } catch (error) {
        complain(error);
      }
    }, PAUSE_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [sought]);
  return sought && found.sought === sought ? found.stocks : null;
}
