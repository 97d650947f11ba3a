// Members: who is an operator, who is banned; making them so, or no longer.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {useRested} from "#js/core/typed.js";
import {html, useState} from "#js/core/view.js";
import {useFetched} from "#js/operator/fetched.js";
import {UserRow} from "#js/operator/user_row.js";
import {SearchField} from "#js/ui/field.js";
import {State} from "#js/ui/state.js";
import {complain} from "#js/ui/toasts.js";

const PAGE = 50;
const PAUSE_MS = 250;
const STANDINGS = {
  "": {name: "all", holds: () => true},
  operator: {name: "operator", holds: ({role}) => role === "operator"},
  banned: {name: "banned", holds: ({ban}) => Boolean(ban)},
};

export function Users() {
  const [query, setQuery] = useState("");
  const [standing, setStanding] = useState("");
  const wanted = useRested(query.trim(), PAUSE_MS);
  const {fetched, hasMore, more, become} = useListed(wanted, standing);
  const shown = (fetched.value.value?.users ?? []).filter(STANDINGS[standing].holds);
  return html`
    <div class="operator-tools">
      <${SearchField} label=${t("operator.search_users")} value=${query} onInput=${setQuery} />
      <${Standings} chosen=${standing} onChoose=${setStanding} />
    </div>
    <${State}
      following=${fetched}
      isEmpty=${shown.length === 0}
      empty=${{icon: wanted ? "search" : "users", title: t("operator.nobody_found")}}
    >
      <ul class="list operator-users">
        ${shown.map((user) => html`<${UserRow} key=${user.id} user=${user} onChanged=${become} />`)}
      </ul>
      ${hasMore && (wanted ? html`<p class="hint">${t("operator.narrow_search")}</p>` : html`<button type="button" onClick=${more}>${t("operator.more")}</button>`)}
    <//>
  `;
}

/** What the server lists: `more()` appends the next page, which a search has not; `become(id, change)` changes one of them. */
function useListed(wanted, standing) {
  const {session} = useApp();
  const ask = (after = "") => {
    const asked = wanted ? {query: wanted} : {after};
    return session.request("GET", `/operators/users?${new URLSearchParams({...asked, standing, limit: PAGE})}`);
  };
  const fetched = useFetched(ask, [session, wanted, standing]);
  const {users = [], has_more: hasMore} = fetched.value.value ?? {};

  async function more() {
    try {
      const next = await ask(users.at(-1).username);
      fetched.value.value = {...next, users: [...users, ...next.users]};
    } catch (error) {
      complain(error);
    }
  }

  const become = (id, change) => {
    const {users: known, ...rest} = fetched.value.value;
    fetched.value.value = {...rest, users: known.map((user) => (user.id === id ? {...user, ...change} : user))};
  };
  return {fetched, hasMore, more, become};
}

const Standings = ({chosen, onChoose}) => html`
  <div class="operator-chips" role="group" aria-label=${t("operator.standings")}>
    ${Object.entries(STANDINGS).map(
      ([standing, {name}]) => html`
        <button
          key=${name}
          type="button"
          class="chip"
          data-standing=${name}
          aria-pressed=${standing === chosen}
          onClick=${() => onChoose(standing)}
        >
          ${t(`operator.standing_${name}`)}
        </button>
      `,
    )}
  </div>
`;
