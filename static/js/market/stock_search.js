// A field that finds stocks by the beginning of code or name, and goes to the one that is chosen, or gives it to `onChoose`.

import {useApp} from "#js/app.js";
import {go} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useId, useState} from "#js/core/view.js";
import {SearchField} from "#js/ui/field.js";
import {complain} from "#js/ui/toasts.js";

const PAUSE_MS = 150;
const MOST = 8;

export function StockSearch({label = t("market.search"), onChoose = ({symbol}) => go(["market", symbol])}) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const found = useFound(query, () => setAt(0));
  const listId = useId();

  function choose(stock) {
    setQuery("");
    onChoose(stock);
  }

  function steer(event) {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step && found.length) {
      event.preventDefault();
      setAt((at + step + found.length) % found.length);
    } else if (event.key === "Enter" && found[at]) {
      event.preventDefault();
      choose(found[at]);
    }
  }

  return html`
    <div class="stock-search" onKeyDown=${steer} onFocusOut=${(event) => leaves(event) && setQuery("")}>
      <${SearchField}
        label=${label}
        value=${query}
        onInput=${setQuery}
        role="combobox"
        aria-expanded=${found.length > 0}
        aria-controls=${listId}
        aria-autocomplete="list"
        aria-activedescendant=${found.length ? `${listId}-${at}` : undefined}
      />
      <ul class="stock-found" id=${listId} role="listbox" aria-label=${label} hidden=${!found.length}>
        ${found.map(
          (stock, index) => html`
            <li
              key=${stock.symbol}
              id=${`${listId}-${index}`}
              role="option"
              aria-selected=${index === at}
              onMouseDown=${(event) => event.preventDefault()}
              onClick=${() => choose(stock)}
            >
              <span>${stock.name}</span><span class="hint">${stock.symbol}</span>
            </li>
          `,
        )}
      </ul>
    </div>
  `;
}

const leaves = ({currentTarget, relatedTarget}) => !currentTarget.contains(relatedTarget);

/** What the server finds, once the typing rests; nothing for an empty query. */
function useFound(query, onNews) {
  const {session} = useApp();
  const [found, setFound] = useState({query: "", stocks: []});
  const sought = query.trim();
  useEffect(() => {
    if (!sought) {
      return undefined;
    }
    let isWanted = true;
    const timer = setTimeout(async () => {
      try {
        const {stocks} = await session.request("GET", `/stocks?query=${encodeURIComponent(sought)}&limit=${MOST}`);
        if (isWanted) {
          setFound({query: sought, stocks});
          onNews();
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
  return sought && found.query === sought ? found.stocks : [];
}
