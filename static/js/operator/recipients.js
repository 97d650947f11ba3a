// Whom a push of prices would reach, as far as the subscriptions of this moment tell.

/** `clients` are those of `GET /websocket/clients`, `quotes` what is to be posted, or null when the source is asked. */
export function recipientsOf(clients, strategy, quotes) {
  const codes = new Set(
    (quotes ?? []).flatMap(({code, symbol}) => [code, symbol, symbol?.split(".")[0]].filter(Boolean)),
  );
  const markets = new Set((quotes ?? []).map(({symbol}) => symbol?.split(".")[1]).filter(Boolean));
  const isMeant = ({subscription_type: kind, target}) =>
    (kind === "strategy" && target === strategy) ||
    (kind === "stock" && (codes.has(target) || codes.has(target.split(".")[0]))) ||
    (kind === "market" && codes.size > 0 && (target === "ALL" || markets.has(target)));
  return clients.filter(({subscriptions}) => subscriptions.some(isMeant));
}

/** Read what somebody has typed as a list of quotes: `{quotes}`, null when there is nothing, or `{problem, at?}`. */
export function readQuotes(text) {
  if (!text.trim()) {
    return {quotes: null};
  }
  let quotes;
  try {
    quotes = JSON.parse(text);
  } catch (error) {
    return {problem: "json", detail: error.message};
  }
  if (!Array.isArray(quotes) || quotes.length === 0) {
    return {problem: "list"};
  }
  const wrong = quotes.findIndex((quote) => !((quote?.code || quote?.symbol) && typeof quote.price === "number"));
  return wrong < 0 ? {quotes} : {problem: "quote", at: wrong};
}
