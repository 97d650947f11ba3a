// Who is connected: a table to search and sort, one of them in detail, and the way to disconnect it.

import {useApp} from "#js/app.js";
import {bytes, count} from "#js/core/format.js";
import {go, linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {ClientDetail} from "#js/operator/client_detail.js";
import {matching, sortedBy} from "#js/operator/client_table.js";
import {useFetched} from "#js/operator/fetched.js";
import {SearchField} from "#js/ui/field.js";
import {Icon} from "#js/ui/icon.js";
import {State} from "#js/ui/state.js";
import {Time} from "#js/ui/time.js";
import {complain} from "#js/ui/toasts.js";

const PAGE = 200;
const NUMBERS = new Set(["rooms", "bytes_in", "bytes_out", "outbox_bytes"]);
const COLUMNS = ["id", "user", "transport", "address", "connected_at", ...NUMBERS];

export function Clients({path: [chosen]}) {
  const {session} = useApp();
  const [search, setSearch] = useState("");
  const [room, setRoom] = useState("");
  const ask = (after = "") =>
    session.request("GET", `/operators/clients?${new URLSearchParams({room, after, limit: PAGE})}`);
  const fetched = useFetched(ask, [session, room]);
  const {clients = [], has_more: hasMore} = fetched.value.value ?? {};
  const shown = matching(clients, search);

  async function more() {
    try {
      const next = await ask(clients.at(-1).id);
      fetched.value.value = {...next, clients: [...clients, ...next.clients]};
    } catch (error) {
      complain(error);
    }
  }

  return html`
    <div class="operator-tools">
      <${SearchField} label=${t("operator.search_clients")} value=${search} onInput=${setSearch} />
      ${
        room &&
        html`<button type="button" class="chip" aria-pressed="true" onClick=${() => setRoom("")}>
          ${t("operator.in_room", {room})}<${Icon} name="close" label=${t("operator.all_rooms")} />
        </button>`
      }
      <button type="button" onClick=${() => fetched.refresh()}><${Icon} name="retry" />${t("operator.refresh")}</button>
    </div>
    ${
      chosen &&
      html`<${ClientDetail}
        key=${chosen}
        id=${chosen}
        onRoom=${setRoom}
        onClose=${() => go(["operator", "clients"])}
        onGone=${() => {
          go(["operator", "clients"]);
          fetched.refresh();
        }}
      />`
    }
    <${State}
      following=${fetched}
      isEmpty=${shown.length === 0}
      empty=${{icon: "users", title: t(search ? "operator.nobody_found" : "operator.nobody")}}
    >
      <${Table} clients=${shown} chosen=${chosen} />
      ${hasMore && html`<button type="button" onClick=${more}>${t("operator.more")}</button>`}
    <//>
  `;
}

function Table({clients, chosen}) {
  const [{column, isDown}, setSort] = useState({column: "connected_at", isDown: true});
  const sort = (name) => setSort({column: name, isDown: name === column ? !isDown : NUMBERS.has(name)});
  const direction = (name) => (name === column ? (isDown ? "descending" : "ascending") : undefined);
  return html`
    <div class="operator-scroll">
      <table class="data" id="clients">
        <thead>
          <tr>
            ${COLUMNS.map(
              (name) => html`
                <th key=${name} scope="col" class=${NUMBERS.has(name) ? "number" : ""} aria-sort=${direction(name)}>
                  <button type="button" class="link operator-sort" onClick=${() => sort(name)}>
                    ${t(`operator.column_${name}`)}
                    ${name === column && html`<${Icon} name=${isDown ? "down" : "up"} />`}
                  </button>
                </th>
              `,
            )}
          </tr>
        </thead>
        <tbody>
          ${sortedBy(clients, column, isDown).map(
            (client) => html`<${Row} key=${client.id} client=${client} isChosen=${client.id === chosen} />`,
          )}
        </tbody>
      </table>
    </div>
  `;
}

const Row = ({client, isChosen}) => html`
  <tr data-client=${client.id} aria-current=${isChosen ? "true" : undefined}>
    <td>
      <a href=${linkTo("operator", "clients", client.id)}><code>${client.id}</code></a>
    </td>
    <td>${client.user ? client.user.display_name : html`<span class="flat">${t("operator.anonymous")}</span>`}</td>
    <td>
      ${client.transport}${client.state !== "open" && client.state !== client.transport ? ` · ${client.state}` : ""}
    </td>
    <td>${client.address}</td>
    <td><${Time} value=${client.connected_at} /></td>
    <td class="number">${count(client.rooms)}</td>
    <td class="number">${bytes(client.bytes_in)}</td>
    <td class="number">${bytes(client.bytes_out)}</td>
    <td class="number">${bytes(client.outbox_bytes)}</td>
  </tr>
`;
