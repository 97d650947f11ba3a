// The watchlists: which there are, and what is in the one that is open.

import {useApp} from "#js/app.js";
import {go, linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {ListItems} from "#js/market/lists/items.js";
import {listName} from "#js/market/lists/names.js";
import {NameDialog} from "#js/market/lists/name_dialog.js";
import {StockSearch} from "#js/market/stock_search.js";
import {confirm} from "#js/ui/dialog.js";
import {Icon} from "#js/ui/icon.js";
import {Menu} from "#js/ui/menu.js";
import {State} from "#js/ui/state.js";
import {complain} from "#js/ui/toasts.js";

export function ListsView({path}) {
  const {watchlists} = useApp();
  const lists = watchlists.lists.value;
  const open = watchlists.find(path[0]);
  const shown = open ?? lists[0];
  return html`
    <${State} following=${watchlists.following}>
      <div class="split lists" data-pane=${open ? "detail" : "list"}>
        <${ListOfLists} lists=${lists} shown=${shown} />
        ${shown && html`<${OneList} key=${shown.id} list=${shown} count=${lists.length} />`}
      </div>
    <//>
  `;
}

function ListOfLists({lists, shown}) {
  const {watchlists} = useApp();
  const [isNaming, setNaming] = useState(false);

  async function create(name) {
    const list = await watchlists.create(name);
    setNaming(false);
    go(["market", "lists", list.id]);
  }

  return html`
    <nav class="lists-all" aria-label=${t("market.watchlists")}>
      <ul class="list">
        ${lists.map(
          (list) => html`
            <li key=${list.id}>
              <a
                class="row"
                href=${linkTo("market", "lists", list.id)}
                aria-current=${list === shown ? "true" : undefined}
              >
                <span class="row-main"><span class="row-title">${listName(list)}</span></span>
                <span class="row-end hint number">${list.items.length}</span>
              </a>
            </li>
          `,
        )}
      </ul>
      <button type="button" class="quiet" onClick=${() => setNaming(true)}>
        <${Icon} name="plus" />${t("market.new_list")}
      </button>
      ${
        isNaming &&
        html`<${NameDialog} title=${t("market.new_list")} onClose=${() => setNaming(false)} onName=${create} />`
      }
    </nav>
  `;
}

function OneList({list, count}) {
  const {watchlists} = useApp();
  const [isNaming, setNaming] = useState(false);
  const add = ({symbol}) => watchlists.add(list.id, symbol).catch(complain);

  async function rename(name) {
    await watchlists.rename(list.id, name);
    setNaming(false);
  }

  return html`
    <section class="lists-one" aria-labelledby="list-name">
      <header class="toolbar">
        <a class="button icon lists-back" href=${linkTo("market", "lists")} aria-label=${t("market.watchlists")}>
          <${Icon} name="back" />
        </a>
        <h2 id="list-name">${listName(list)}</h2>
        <${Menu} label=${t("market.list_menu")} items=${menuOf(list, count, {watchlists, setNaming})} />
        <${StockSearch} label=${t("market.add_stock")} onChoose=${add} />
      </header>
      <${ListItems} list=${list} />
      ${
        isNaming &&
        html`<${NameDialog}
          title=${t("market.rename")}
          name=${list.name}
          onClose=${() => setNaming(false)}
          onName=${rename}
        />`
      }
    </section>
  `;
}

function menuOf(list, count, {watchlists, setNaming}) {
  const move = (position) => () => watchlists.move(list.id, position).catch(complain);
  return [
    {text: t("market.rename"), icon: "edit", run: () => setNaming(true)},
    {text: t("market.move_up"), icon: "up", run: move(list.position - 1), isDisabled: list.position === 0},
    {text: t("market.move_down"), icon: "down", run: move(list.position + 1), isDisabled: list.position === count - 1},
    !list.is_default && {
      text: t("market.delete_list"),
      icon: "trash",
      isDangerous: true,
      run: () => remove(list, watchlists),
    },
  ];
}

async function remove(list, watchlists) {
  const question = {
    title: t("market.delete_list_question", {name: listName(list)}),
    text: t("market.delete_list_hint", {count: list.items.length}),
    action: t("market.delete"),
    isDangerous: true,
  };
  if (await confirm(question)) {
    await watchlists.remove(list.id).then(() => go(["market", "lists"]), complain);
  }
}
