// Finding one member by the beginning of a name.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {useAnswer} from "#js/core/typed.js";
import {html, useState} from "#js/core/view.js";
import {Avatar} from "#js/ui/avatar.js";
import {SearchField} from "#js/ui/field.js";
import {complain} from "#js/ui/toasts.js";

const PAUSE_MS = 250;

/** What the server finds, a moment after the last key; null while nobody knows. */
function useUsers(typed) {
  const {session} = useApp();
  const ask = async (query) => (await session.request("GET", `/users?${new URLSearchParams({query, limit: 50})}`)).users;
  return useAnswer(typed, ask, {pauseMs: PAUSE_MS, onProblem: complain});
}

/** `onChoose(user)`; null takes the choice back. */
export function UserPicker({chosen, onChoose}) {
  const [query, setQuery] = useState("");
  const users = useUsers(query);
  if (chosen) {
    return html`
      <p class="operator-chosen">
        <${Avatar} user=${chosen} size=${24} /><span>${chosen.display_name}</span>
        <button type="button" class="link" onClick=${() => onChoose(null)}>${t("operator.choose_other")}</button>
      </p>
    `;
  }
  return html`
    <${SearchField} label=${t("operator.search_users")} value=${query} onInput=${setQuery} />
    ${users?.length === 0 && html`<p class="hint">${t("operator.nobody_found")}</p>`}
    <ul class="list">
      ${users?.map(
        (user) => html`
          <li key=${user.id}>
            <button type="button" class="row" data-user=${user.username} onClick=${() => onChoose(user)}>
              <${Avatar} user=${user} size=${32} />
              <span class="row-main"
                ><span class="row-title">${user.display_name}</span><span class="row-text">${user.username}</span></span
              >
            </button>
          </li>
        `,
      )}
    </ul>
  `;
}
