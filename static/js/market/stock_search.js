// A field that finds a stock by code or name: arrows choose, Enter takes.

import {go} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useId, useState} from "#js/core/view.js";
import {useStocks} from "#js/market/stocks.js";
import {SearchField} from "#js/ui/field.js";

const STEPS = {ArrowDown: 1, ArrowUp: -1};
const open = ({symbol}) => go(["market", symbol]);

/** `onChoose(stock)` is told of `{symbol, name, …}`, else its place is opened; what was typed is gone then. */
export function StockSearch({label = t("market.search"), isBusy, onChoose = open}) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const found = useStocks(text);
  const id = useId();
  const choose = (stock) => {
    setText("");
    onChoose(stock);
  };
  const steer = (event) => {
    if (event.isComposing || !found?.length) {
      return;
    }
    if (event.key in STEPS) {
      event.preventDefault();
      setAt((at + STEPS[event.key] + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(found[at]);
    }
  };
  const type = (typed) => {
    setText(typed);
    setAt(0);
  };
  const leave = ({currentTarget, relatedTarget}) => currentTarget.contains(relatedTarget) || type("");
  const combobox = {
    role: "combobox",
    "aria-expanded": found !== null,
    "aria-controls": `${id}-found`,
    "aria-autocomplete": "list",
    "aria-activedescendant": found?.length ? `${id}-${at}` : undefined,
    disabled: isBusy,
  };
  return html`
    <div class="stock-search" onKeyDown=${steer} onFocusOut=${leave}>
      <${SearchField} label=${label} value=${text} onInput=${type} ...${combobox} />
      <ul class="stock-found" id=${`${id}-found`} role="listbox" aria-label=${label} hidden=${!found?.length}>
        ${found?.map(
          (stock, index) => html`
            <li
              key=${stock.symbol}
              id=${`${id}-${index}`}
              role="option"
              aria-selected=${index === at}
              onMouseDown=${(event) => event.preventDefault()}
              onMouseEnter=${() => setAt(index)}
              onClick=${() => choose(stock)}
            >
              <span>${stock.name}</span><span class="hint">${stock.symbol}</span>
            </li>
          `,
        )}
      </ul>
      ${found?.length === 0 && html`<p class="stock-found hint" role="status">${t("market.none_found", {text})}</p>`}
    </div>
  `;
}
