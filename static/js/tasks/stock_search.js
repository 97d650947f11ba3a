// A field that finds a stock by code or name: arrows choose, Enter takes.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useId, useState} from "#js/core/view.js";
import {SearchField} from "#js/ui/field.js";
import {complain} from "#js/ui/toasts.js";

const PAUSE_MS = 150;
const MOST = 8;
const STEPS = {ArrowDown: 1, ArrowUp: -1};

/** `onChoose(stock)` is told of `{symbol, name, …}`; what was typed is gone then. */
export function StockSearch({label, isBusy, onChoose}) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const found = useStocks(text);
  const id = useId();
  const isOpen = text !== "" && found !== null;
  const choose = (stock) => {
    setText("");
    onChoose(stock);
  };
  const steer = (event) => {
    if (event.isComposing || !isOpen || found.length === 0) {
      return;
    }
    if (event.key in STEPS) {
      event.preventDefault();
      setAt((at + STEPS[event.key] + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(found[Math.min(at, found.length - 1)]);
    }
  };
  const type = (typed) => {
    setText(typed);
    setAt(0);
  };
  const combobox = {
    role: "combobox",
    "aria-expanded": isOpen,
    "aria-controls": `${id}-found`,
    "aria-autocomplete": "list",
    "aria-activedescendant": isOpen && found.length > 0 ? `${id}-${at}` : undefined,
    disabled: isBusy,
  };
  return html`
    <div class="stock-search" onKeyDown=${steer}>
      <${SearchField} label=${label} value=${text} onInput=${type} ...${combobox} />
      <ul class="stock-found" id=${`${id}-found`} role="listbox" aria-label=${t("work.stocks")} hidden=${!isOpen}>
        ${found?.map(
          (stock, index) => html`
            <li
              key=${stock.symbol}
              id=${`${id}-${index}`}
              role="option"
              aria-selected=${index === at}
              onMouseEnter=${() => setAt(index)}
              onClick=${() => choose(stock)}
            >
              <span>${stock.name}</span><span class="hint">${stock.symbol}</span>
            </li>
          `,
        )}
      </ul>
      ${isOpen && found.length === 0 && html`<p class="stock-found hint" role="status">${t("work.no_stock", {text})}</p>`}
    </div>
  `;
}

/** Return what the server finds for a text, or null while nobody knows. */
function useStocks(text) {
  const {session} = useApp();
  const [found, setFound] = useState(null);
  useEffect(() => {
    setFound(null);
    const wanted = text.trim();
    if (!wanted) {
      return undefined;
    }
    let isCurrent = true;
    const timer = setTimeout(async () => {
      try {
        const query = new URLSearchParams({query: wanted, limit: MOST});
        const {stocks} = await session.request("GET", `/stocks?${query}`);
        if (isCurrent) {
          setFound(stocks);
        }
      } catch (error) {
        complain(error);
      }
    }, PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [text]);
  return found;
}
