// The list of conversations, with what narrows it.

import {useApp} from "#js/app.js";
import {showNewGroup} from "#js/chat/dialogs.js";
import {ChatRow} from "#js/chat/list/row.js";
import {FILTERS, matches} from "#js/chat/rows.js";
import {together} from "#js/core/follow.js";
import {count} from "#js/core/format.js";
import {go, linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useMemo, useState} from "#js/core/view.js";
import {SearchField} from "#js/ui/field.js";
import {Icon} from "#js/ui/icon.js";
import {Menu} from "#js/ui/menu.js";
import {Empty, State} from "#js/ui/state.js";
import {Tabs} from "#js/ui/tabs.js";
import {VirtualRows} from "#js/ui/virtual_rows.js";

const MOST_DRAWN = 200;
const ROW_HEIGHT = 64;

/** `chosen` is the key of the row that is open. */
export function ListPane({chosen, isAmongPeople}) {
  const {conversations, friends} = useApp();
  const [typed, setTyped] = useState("");
  const [filter, setFilter] = useState("all");
  const following = useMemo(() => together(conversations.following, friends.following), [conversations, friends]);
  const wanted = typed.trim();
  const all = conversations.list.value;
  // The one that is open stays in sight, although it is read by that.
  const rows = all.filter((row) => (wanted ? matches(row, wanted) : FILTERS[filter](row) || row.key === chosen));
  return html`
    <section class="chat-list" aria-label=${t("chat.conversations")} onKeyDown=${moveFocus}>
      <div class="toolbar">
        <${SearchField} label=${t("chat.search")} value=${typed} onInput=${setTyped} />
        <${Begin} />
      </div>
      ${!wanted && html`<${Filters} all=${all} chosen=${filter} onChoose=${setFilter} />`}
      <${Requests} isOpen=${isAmongPeople} />
      <${State} following=${following} isEmpty=${!rows.length} empty=${emptyOf(all.length ? filter : "all", wanted)}>
        <${Rows} rows=${rows} chosen=${chosen} />
      <//>
      ${
        wanted &&
        html`<a class="button quiet" href=${linkTo("chat", "people", wanted)}>
          <${Icon} name="search" />${t("chat.find_people", {wanted})}
        </a>`
      }
    </section>
  `;
}

function Begin() {
  const items = [
    {text: t("chat.add_friend"), icon: "user", run: () => go(["chat", "people"])},
    {text: t("chat.new_group"), icon: "users", run: () => showNewGroup()},
  ];
  return html`<${Menu} label=${t("chat.begin")} icon="plus" items=${items} />`;
}

function Filters({all, chosen, onChoose}) {
  const tabs = Object.keys(FILTERS).map((name) => ({
    name,
    text: t(`chat.filter_${name}`),
    count: name === "unread" ? all.filter(FILTERS.unread).length : 0,
  }));
  return html`<${Tabs} label=${t("chat.filters")} tabs=${tabs} chosen=${chosen} onChoose=${onChoose} />`;
}

/** Who wants to be a friend; said aloud when another one comes. */
function Requests({isOpen}) {
  const waiting = useApp().friends.incoming.value.length;
  return html`
    <div role="status">
      ${
        waiting > 0 &&
        html`<a class="row chat-requests" href=${linkTo("chat", "people")} aria-current=${isOpen ? "page" : undefined}>
          <${Icon} name="user" />
          <span class="row-main row-title">${t("chat.requests")}</span>
          <span class="badge">${count(waiting)}</span>
        </a>`
      }
    </div>
  `;
}

function Rows({rows, chosen}) {
  const draw = (row) => html`<${ChatRow} key=${row.key} row=${row} isChosen=${row.key === chosen} />`;
  if (rows.length > MOST_DRAWN) {
    const shown = rows.findIndex(({key}) => key === chosen);
    return html`<${VirtualRows}
      count=${rows.length}
      rowHeight=${ROW_HEIGHT}
      label=${t("chat.conversations")}
      shown=${shown}
      renderRow=${(index) => draw(rows[index])}
    />`;
  }
  return html`
    <ul class="list chat-rows" aria-label=${t("chat.conversations")}>
      ${rows.map((row) => html`<li key=${row.key}>${draw(row)}</li>`)}
    </ul>
  `;
}

function emptyOf(filter, wanted) {
  if (wanted) {
    return {icon: "search", title: t("chat.nothing_found")};
  }
  const beginnings = {
    all: {icon: "users", action: {text: t("chat.add_friend"), run: () => go(["chat", "people"])}},
    unread: {icon: "check"},
    groups: {icon: "users", action: {text: t("chat.new_group"), run: () => showNewGroup()}},
  };
  return {title: t(`chat.empty_${filter}`), text: t(`chat.empty_${filter}_hint`), ...beginnings[filter]};
}

/** The arrows go from row to row, and from the search into the list. */
function moveFocus(event) {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  const isInMenu = event.target.closest("[role=menu], [role=tablist]");
  if (!step || isInMenu) {
    return;
  }
  const links = [...event.currentTarget.querySelectorAll("a.row")];
  const at = links.indexOf(
    document.activeElement.closest(".chat-row")?.querySelector("a.row") ?? document.activeElement,
  );
  const next = links[at + step];
  if (next && (at >= 0 || step > 0)) {
    event.preventDefault();
    next.focus();
  }
}
