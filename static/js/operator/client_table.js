// Which connections a search means, and in which order they stand.

/** Those whose name, user, address or transport contains what was typed. */
export function matching(clients, search) {
  const wanted = search.trim().toLowerCase();
  const textOf = ({id, transport, address, user}) =>
    [id, transport, address, user?.username, user?.display_name].filter(Boolean).join("\n").toLowerCase();
  return wanted ? clients.filter((client) => textOf(client).includes(wanted)) : clients;
}

/** In the order of a column; what has no value comes last either way. */
export function sortedBy(clients, column, isDown) {
  const valueOf = (client) => (column === "user" ? client.user?.display_name : client[column]);
  return [...clients].sort((one, other) => {
    const [a, b] = [valueOf(one), valueOf(other)];
    if (a == null || b == null) {
      return (a == null) - (b == null);
    }
    const order = typeof a === "number" ? a - b : a.localeCompare(b, undefined, {numeric: true});
    return isDown ? -order : order;
  });
}
