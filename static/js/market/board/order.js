// In which order the rows of the board stand, and which of them.

/** What a press on a header leads to: first its natural direction, then the other, then the listing's own order. */
export function nextSort(sort, {name, isText}) {
  const first = isText ? 1 : -1;
  if (sort?.column !== name) {
    return {column: name, direction: first};
  }
  return sort.direction === first ? {column: name, direction: -first} : null;
}

/** Return the symbols in the order of a column; those without a value come last, equal ones stay in their order. */
export function sorted(symbols, quoteOf, column, direction) {
  const keyed = symbols.map((symbol) => {
    const quote = quoteOf(symbol);
    return {symbol, value: quote === undefined ? undefined : column.value(quote)};
  });
  const compare = column.isText ? byText : byNumber;
  keyed.sort(({value: one}, {value: other}) => {
    if (one == null || other == null) {
      return (one == null) - (other == null);
    }
    return direction * compare(one, other);
  });
  return keyed.map(({symbol}) => symbol);
}

const collator = new Intl.Collator("zh-CN", {numeric: true});
const byText = collator.compare;
const byNumber = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

/** Return the symbols whose code begins with a text, or whose name has it. */
export function filtered(symbols, quoteOf, text) {
  const sought = text.trim().toLowerCase();
  if (!sought) {
    return symbols;
  }
  return symbols.filter((symbol) => {
    const name = quoteOf(symbol)?.name ?? "";
    return symbol.toLowerCase().startsWith(sought) || name.toLowerCase().includes(sought);
  });
}
