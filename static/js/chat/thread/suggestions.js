// The list above the composer: members to mention, stocks to share. The keys go on going to the text.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {useStocks} from "#js/market/stocks.js";
import {membersFor, triggerAt} from "#js/chat/thread/trigger.js";
import {Avatar} from "#js/ui/avatar.js";

export const LIST_ID = "suggestions";

/** Return `{options, at, onKey, choose, look, close}`; `onChoose(option, trigger)` is told of a choice. */
export function useSuggestions(conversation, onChoose) {
  const [trigger, setTrigger] = useState(null);
  const [at, setAt] = useState(0);
  const stocks = useStocks(trigger?.kind === "stock" ? trigger.query : "") ?? [];
  const options = trigger ? optionsOf(trigger, conversation, stocks) : [];

  function look({value, selectionStart}) {
    const next = triggerAt(value, selectionStart);
    setTrigger(next && (next.kind === "stock" ? next.query : conversation.isGroup) !== "" ? next : null);
    setAt(0);
  }

  function choose(option) {
    setTrigger(null);
    onChoose(option, trigger);
  }

  /** Take a key that is meant for the list; tells whether it was. */
  function onKey(event) {
    const steps = {ArrowDown: 1, ArrowUp: -1};
    if (!options.length || event.isComposing) {
      return false;
    }
    if (event.key in steps) {
      setAt((at + steps[event.key] + options.length) % options.length);
    } else if (event.key === "Enter" || event.key === "Tab") {
      choose(options[at]);
    } else if (event.key === "Escape") {
      setTrigger(null);
    } else {
      return false;
    }
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  return {options, at, onKey, choose, look, close: () => setTrigger(null)};
}

function optionsOf({kind, query}, conversation, stocks) {
  if (kind === "stock") {
    return stocks.map((stock) => ({key: stock.symbol, stock}));
  }
  if (!conversation.isGroup) {
    return [];
  }
  const {me} = conversation;
  const members = membersFor(query, conversation.others).map((member) => ({key: member.id, member}));
  const mayCallAll = me?.role === "owner" || me?.role === "admin";
  const isAll = mayCallAll && ["all", "所有人"].some((word) => word.startsWith(query.toLowerCase()));
  return isAll ? [...members, {key: "all", all: t("thread.everybody")}] : members;
}

export function Suggestions({options, at, choose}) {
  if (!options.length) {
    return null;
  }
  return html`
    <ul class="suggestions" id=${LIST_ID} role="listbox" aria-label=${t("thread.suggestions")}>
      ${options.map(
        (option, index) => html`
          <li
            key=${option.key}
            id=${`${LIST_ID}-${index}`}
            role="option"
            aria-selected=${index === at}
            onMouseDown=${(event) => {
              event.preventDefault(); // the text keeps the focus
              choose(option);
            }}
          >
            <${Option} ...${option} />
          </li>
        `,
      )}
    </ul>
  `;
}

function Option({member, stock, all}) {
  if (stock) {
    return html`<span class="option-name">${stock.name}</span><span class="hint">${stock.symbol}</span>`;
  }
  if (all) {
    return html`<span class="option-name">@all</span><span class="hint">${all}</span>`;
  }
  return html`<${Avatar} user=${member} size=${24} /><span class="option-name">${member.display_name}</span>
    <span class="hint">@${member.username}</span>`;
}
