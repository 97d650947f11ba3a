// Picking some of the friends.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Avatar} from "#js/ui/avatar.js";
import {SearchField} from "#js/ui/field.js";

/** `picked` is a set of ids; `onPick(set)` is told of another one. */
export function PickPeople({people, picked, onPick}) {
  const [typed, setTyped] = useState("");
  const wanted = typed.trim().toLowerCase();
  const shown = people.filter(
    ({id, username, display_name: name}) => picked.has(id) || `${name}\n${username}`.toLowerCase().includes(wanted),
  );
  const toggle = (id) => {
    const after = new Set(picked);
    after.delete(id) || after.add(id);
    onPick(after);
  };
  return html`
    <${SearchField} label=${t("chat.friends_search")} value=${typed} onInput=${setTyped} />
    <ul class="list chat-pick" aria-label=${t("chat.friends")}>
      ${shown.map(
        (friend) => html`
          <li key=${friend.id}>
            <label class="row" data-pick=${friend.username}>
              <input type="checkbox" checked=${picked.has(friend.id)} onChange=${() => toggle(friend.id)} />
              <${Avatar} user=${friend} size=${32} />
              <span class="row-main">
                <span class="row-title">${friend.display_name}</span>
                <span class="row-text">@${friend.username}</span>
              </span>
            </label>
          </li>
        `,
      )}
    </ul>
    ${!shown.length && html`<p class="hint">${t(people.length ? "chat.nothing_found" : "chat.nobody_to_add")}</p>`}
  `;
}
