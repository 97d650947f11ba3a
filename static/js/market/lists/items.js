// The stocks of a watchlist, in the user's order, with their prices and notes.

import {useApp} from "#js/app.js";
import {percent} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {classes, html, useState} from "#js/core/view.js";
import {NameDialog} from "#js/market/lists/name_dialog.js";
import {useReordering} from "#js/market/lists/reordering.js";
import {trendOf} from "#js/market/models/book.js";
import {moved} from "#js/market/models/watchlists.js";
import {priceOf} from "#js/market/prices.js";
import {useStockQuotes} from "#js/market/watching.js";
import {Icon} from "#js/ui/icon.js";
import {Empty} from "#js/ui/state.js";
import {complain} from "#js/ui/toasts.js";

const LONGEST_NOTE = 200;

export function ListItems({list}) {
  const {watchlists} = useApp();
  const [said, setSaid] = useState("");
  const [noted, setNoted] = useState(null);
  useStockQuotes(list.items.map(({symbol}) => symbol));
  const {dragged, over, handle} = useReordering(list.items.length, (from, to) => {
    const {symbol, name} = list.items[from];
    watchlists.moveItem(list.id, symbol, to).catch(complain);
    setSaid(t("market.moved", {name, place: to + 1, count: list.items.length}));
  });
  if (!list.items.length) {
    return html`<${Empty} icon="star" title=${t("market.list_is_empty")} text=${t("market.list_is_empty_hint")} />`;
  }
  const item = dragged === null ? null : list.items[dragged];
  const shown = item ? moved(list.items, (one) => one === item, over) : list.items;
  return html`
    <ol class="list lists-items">
      ${shown.map(
        (one, index) => html`
          <${Item}
            key=${one.symbol}
            index=${index}
            item=${one}
            isDragged=${one === item}
            handle=${handle(list.items.indexOf(one))}
            onNote=${() => setNoted(one)}
            onRemove=${() => watchlists.take(list.id, one.symbol).catch(complain)}
          />
        `,
      )}
    </ol>
    <p class="visually-hidden" role="status">${said}</p>
    ${
      noted &&
      html`<${NameDialog}
        title=${noted.name}
        label=${t("market.note")}
        name=${noted.note}
        most=${LONGEST_NOTE}
        optional
        onClose=${() => setNoted(null)}
        onName=${(note) => watchlists.annotate(list.id, noted.symbol, note).then(() => setNoted(null))}
      />`
    }
  `;
}

function Item({index, item, isDragged, handle, onNote, onRemove}) {
  const {symbol, name, note} = item;
  return html`
    <li class=${classes("row", {dragged: isDragged})} data-index=${index} data-symbol=${symbol}>
      <button
        type="button"
        class="icon grip"
        aria-label=${t("market.move", {name})}
        title=${t("market.move_hint")}
        ...${handle}
      >
        <${Icon} name="sort" />
      </button>
      <div class="row-main">
        <a class="row-title" href=${linkTo("market", symbol)}>${name}</a>
        <p class="row-text">${note ? `${symbol} · ${note}` : symbol}</p>
      </div>
      <${Price} symbol=${symbol} />
      <div class="row-end">
        <button type="button" class="icon" aria-label=${t("market.note_of", {name})} onClick=${onNote}>
          <${Icon} name="edit" />
        </button>
        <button type="button" class="icon" aria-label=${t("market.remove", {name})} onClick=${onRemove}>
          <${Icon} name="close" />
        </button>
      </div>
    </li>
  `;
}

function Price({symbol}) {
  const {quotes} = useApp();
  const quote = quotes.book.of(symbol).value;
  return html`
    <p class="lists-price number ${quote ? trendOf(quote.change) : ""}">
      <span>${priceOf(symbol, quote?.price)}</span> <span>${percent(quote?.change_percent)}</span>
    </p>
  `;
}
