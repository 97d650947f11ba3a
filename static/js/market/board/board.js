// The board: a head that sorts, and rows that `BoardTable` writes past Preact, which would compare too much for each quote.

import {useApp} from "#js/app.js";
import {go} from "#js/core/router.js";
import {kept} from "#js/core/storage.js";
import {language, t} from "#js/core/texts.js";
import {html, useLayoutEffect, useRef, useState} from "#js/core/view.js";
import {columnsFor} from "#js/market/board/columns.js";
import {nextSort} from "#js/market/board/order.js";
import {BoardTable} from "#js/market/board/table.js";
import {Empty} from "#js/ui/state.js";
import {Icon} from "#js/ui/icon.js";

const ROW_HEIGHT = 36;
const TWO_LINE_HEIGHT = 54; // where the code has no column of its own

const sort = kept("board-sort", null);
const places = new Map(); // where each source was scrolled to

/** `symbols` in the order of their source, of which `source` is the name; `filter` narrows them. */
export function Board({source, symbols, filter, label}) {
  const {marketStatus} = useApp();
  const view = useRef(null);
  const body = useRef(null);
  const {table, columns, count} = useTable(view, body, {symbols, filter});
  useLayoutEffect(() => {
    view.current.scrollTop = places.get(source) ?? 0;
  }, [source]);

  return html`
    <div
      class="board"
      ref=${view}
      role="grid"
      tabindex="0"
      aria-label=${label}
      aria-rowcount=${count + 1}
      aria-colcount=${columns.length}
      data-stale=${Boolean(marketStatus.now.value?.stale)}
      data-lines=${hasCode(columns) ? "one" : "two"}
      style=${{"--board-columns": columns.map((column) => column.width).join(" ")}}
      onKeyDown=${(event) => event.target === view.current && steer(event, table.current)}
      onClick=${open}
      onScroll=${() => places.set(source, view.current.scrollTop)}
    >
      <${Head} columns=${columns} />
      <div class="board-rows" role="rowgroup" ref=${body}></div>
      ${symbols.length > 0 && count === 0 && html`<${Empty} icon="search" title=${t("market.nothing_found")} />`}
    </div>
  `;
}

const hasCode = (columns) => columns.some(({name}) => name === "code");

/** The rows in their element, with the columns that there is room for; `count` of them are left by the filter. */
function useTable(view, body, {symbols, filter}) {
  const {quotes} = useApp();
  const table = useRef(null);
  const [width, setWidth] = useState(0);
  const [count, setCount] = useState(symbols.length);
  const columns = columnsFor(width);
  const layout = `${columns.map(({name}) => name)} ${language.value}`;

  useLayoutEffect(() => {
    const made = new BoardTable({view: view.current, body: body.current, book: quotes.book, onCount: setCount});
    table.current = made;
    const observer = new ResizeObserver(() => setWidth(view.current?.clientWidth ?? 0));
    observer.observe(view.current);
    return () => {
      made.stop();
      observer.disconnect();
    };
  }, []);
  useLayoutEffect(() => table.current.setLayout(columns, hasCode(columns) ? ROW_HEIGHT : TWO_LINE_HEIGHT), [layout]);
  useLayoutEffect(() => table.current.setSymbols(symbols), [symbols]);
  useLayoutEffect(() => table.current.setOrder(sort.value, filter), [sort.value, filter]);
  return {table, columns, count};
}

function Head({columns}) {
  const chosen = sort.value;
  return html`
    <div class="board-head" role="row" aria-rowindex="1">
      ${columns.map((column) => {
        const isChosen = chosen?.column === column.name;
        const direction = chosen?.direction > 0 ? "ascending" : "descending";
        return html`
          <div
            key=${column.name}
            role="columnheader"
            class=${column.isText ? "" : "number"}
            aria-sort=${isChosen ? direction : "none"}
          >
            <button type="button" class="link" onClick=${() => (sort.value = nextSort(chosen, column))}>
              ${t(`market.column_${column.name}`)}
              ${isChosen && html`<${Icon} name=${chosen.direction > 0 ? "up" : "down"} />`}
            </button>
          </div>
        `;
      })}
    </div>
  `;
}

function open(event) {
  const symbol = event.target.closest(".board-row")?.dataset.symbol;
  if (symbol && !event.target.closest("a")) {
    go(["market", symbol]); // a link knows its own way
  }
}

/** Arrows, Page, Home and End move the mark, Enter opens what is marked. */
function steer(event, table) {
  const steps = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: table.page,
    PageUp: -table.page,
    Home: -Infinity,
    End: Infinity,
  };
  if (event.key in steps) {
    event.preventDefault();
    table.step(steps[event.key]);
  } else if (event.key === "Enter" && table.active) {
    go(["market", table.active]);
  }
}
