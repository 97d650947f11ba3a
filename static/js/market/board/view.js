// The price board: where the stocks come from, the board itself, and the indices above it.

import {useApp} from "#js/app.js";
import {go, linkTo} from "#js/core/router.js";
import {kept} from "#js/core/storage.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Board} from "#js/market/board/board.js";
import {Indices} from "#js/market/board/indices.js";
import {listName} from "#js/market/lists/names.js";
import {useQuotes, useStockQuotes} from "#js/market/watching.js";
import {SearchField} from "#js/ui/field.js";
import {State} from "#js/ui/state.js";
import {Tabs} from "#js/ui/tabs.js";

const MARKETS = ["ALL", "SH", "SZ", "BJ"];
const source = kept("board-source", "market:ALL");
const chosenList = kept("board-list", "");

export function BoardView() {
  const {strategies} = useApp();
  const [filter, setFilter] = useState("");
  void strategies.following; // its names are those of tabs
  const tabs = [
    {name: "watchlist:", text: t("market.my_stocks")},
    ...MARKETS.map((name) => ({name: `market:${name}`, text: t(`market.market_${name}`)})),
    ...strategies.list.value.map(({name, title, count}) => ({name: `strategy:${name}`, text: title, count})),
  ];
  const [kind, name] = source.value.split(":");
  const Source = SOURCES[kind] ?? MarketSource;
  return html`
    <${Indices} />
    <div class="toolbar board-bar">
      <${Tabs}
        label=${t("market.sources")}
        tabs=${tabs}
        chosen=${source.value}
        onChoose=${(one) => (source.value = one)}
      />
      <${SearchField} label=${t("market.filter")} value=${filter} onInput=${setFilter} />
    </div>
    <${Source} key=${source.value} name=${name} filter=${filter} />
  `;
}

function MarketSource({name, filter}) {
  const quotes = useQuotes([["market", name]]);
  const target = quotes.target("market", name);
  const symbols = target.members.value;
  const empty = {icon: "market", title: t("market.no_quotes"), text: t("market.no_quotes_hint")};
  return html`
    <${State} following=${target} isEmpty=${symbols.length === 0} empty=${empty}>
      <${Board} source=${target.key} symbols=${symbols} filter=${filter} label=${t(`market.market_${name}`)} />
    <//>
  `;
}

function StrategySource({name, filter}) {
  const {strategies} = useApp();
  useQuotes([["strategy", name]]);
  const {title} = strategies.list.value.find((one) => one.name === name) ?? {};
  const symbols = strategies.found.value[name]?.signals.map(({symbol}) => symbol) ?? [];
  const empty = {icon: "activity", title: t("market.no_signals"), text: t("market.no_signals_hint")};
  return html`
    <${State} following=${strategies.following} isEmpty=${symbols.length === 0} empty=${empty}>
      <${StableBoard} source=${`strategy:${name}`} symbols=${symbols} filter=${filter} label=${title} />
    <//>
  `;
}

function WatchlistSource({filter}) {
  const {watchlists} = useApp();
  const lists = watchlists.lists.value;
  const list = watchlists.find(chosenList.value) ?? lists[0];
  const symbols = list?.items.map(({symbol}) => symbol) ?? [];
  useStockQuotes(symbols);
  const add = {text: t("market.edit_lists"), run: () => go(["market", "lists", list.id])};
  const empty = {icon: "star", title: t("market.list_is_empty"), text: t("market.list_is_empty_hint"), action: add};
  const chips = lists.length > 1 ? lists : [];
  return html`
    <div class="board-lists" hidden=${chips.length === 0 && symbols.length === 0}>
      ${chips.map(
        (one) => html`
          <button
            key=${one.id}
            type="button"
            class="chip"
            aria-pressed=${one === list}
            onClick=${() => (chosenList.value = one.id)}
          >
            ${listName(one)}
          </button>
        `,
      )}
      ${list && html`<a class="board-edit" href=${linkTo("market", "lists", list.id)}>${t("market.edit_lists")}</a>`}
    </div>
    <${State} following=${watchlists.following} isEmpty=${symbols.length === 0} empty=${empty}>
      <${StableBoard}
        source=${`list:${list?.id}`}
        symbols=${symbols}
        filter=${filter}
        label=${list && listName(list)}
      />
    <//>
  `;
}

/** A board whose symbols are made anew each time: the same ones are the same list. */
function StableBoard({symbols, ...others}) {
  const key = symbols.join();
  const [known, setKnown] = useState({key, symbols});
  if (known.key !== key) {
    setKnown({key, symbols});
  }
  return html`<${Board} symbols=${known.symbols} ...${others} />`;
}

const SOURCES = {market: MarketSource, strategy: StrategySource, watchlist: WatchlistSource};
