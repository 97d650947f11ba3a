// The drawer of notifications: filters, days, rows; what is deleted can be taken back.

import {useApp} from "#js/app.js";
import {day as dayText, span} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useRef, useState} from "#js/core/view.js";
import {byDay, nameOf} from "#js/notices/days.js";
import {Wishes} from "#js/notices/preferences.js";
import {Row} from "#js/notices/row.js";
import {typeText} from "#js/notices/types.js";
import {wordsOf} from "#js/notices/words.js";
import {Dialog} from "#js/ui/dialog.js";
import {Icon} from "#js/ui/icon.js";
import {Empty, Listed, State} from "#js/ui/state.js";
import {Tabs} from "#js/ui/tabs.js";
import {complain, toast} from "#js/ui/toasts.js";

/** `opener` is a ref of what opened it: a click there is not one beside the drawer. */
export function Drawer({id, opener, onClose}) {
  const {notices} = useApp();
  const [filter, setFilter] = useState("all");
  const [isPreferring, setPreferring] = useState(false);
  const drawer = useDrawer(opener, onClose);
  useEffect(() => {
    notices.following.refresh(); // what is muted or came in quiet hours was not told
  }, []);
  return html`
    <section class="inbox" id=${id} ref=${drawer} role="dialog" aria-labelledby=${`${id}-title`} tabindex="-1">
      <header class="inbox-head">
        <h2 id=${`${id}-title`}>${t("inbox.title")}</h2>
        <button
          type="button"
          class="quiet"
          id="read-all"
          disabled=${notices.unread.value === 0 || notices.list("all").length === 0}
          onClick=${() => readAll(notices)}
        >
          <${Icon} name="double-check" />${t("inbox.read_all")}
        </button>
        <button
          type="button"
          class="icon"
          id="prefer"
          aria-label=${t("inbox.prefer")}
          onClick=${() => setPreferring(true)}
        >
          <${Icon} name="settings" />
        </button>
        <button type="button" class="icon" aria-label=${t("ui.close")} onClick=${onClose}>
          <${Icon} name="close" />
        </button>
      </header>
      <${Filters} filter=${filter} onChoose=${setFilter} />
      <div class="inbox-body">
        <${State} following=${notices.following}>
          <${Listed} key=${filter} model=${notices} filter=${filter}><${Rows} filter=${filter} onClose=${onClose} /><//>
        <//>
      </div>
      <${Carrier} />
      ${
        isPreferring &&
        html`<${Dialog} title=${t("inbox.prefer")} onClose=${() => setPreferring(false)}><${Wishes} /><//>`
      }
    </section>
  `;
}

/** How news comes here at present. */
function Carrier() {
  const {live} = useApp();
  const isLive = live.state.value === "live";
  return html`
    <footer class="inbox-carrier hint">
      <span class="dot" data-state=${isLive ? "online" : "offline"} aria-hidden="true" />
      ${t(isLive ? `inbox.carrier_${live.transport.value}` : "inbox.carrier_none")}
    </footer>
  `;
}

/** Let all count as read; that lasts unless it is taken back in time. */
function readAll(notices) {
  const through = notices.seeAll();
  const action = {text: t("inbox.undo"), run: () => notices.unseeAll(through)};
  const onGone = () => notices.readAll(through).catch(complain);
  toast({text: t("inbox.read_all_done"), action, onGone, key: `read all ${through}`});
}

/** Focus it, and close it by Escape or a click beside it. */
function useDrawer(opener, onClose) {
  const drawer = useRef(null);
  useEffect(() => {
    drawer.current.focus();
    const key = (event) => event.key === "Escape" && !document.querySelector("dialog[open]") && onClose();
    const press = (event) => {
      const isOwn = [drawer.current, opener.current].some((part) => part?.contains(event.target));
      if (!isOwn && !event.target.closest?.(".toasts, dialog")) {
        onClose();
      }
    };
    document.addEventListener("keydown", key);
    document.addEventListener("pointerdown", press);
    return () => {
      document.removeEventListener("keydown", key);
      document.removeEventListener("pointerdown", press);
    };
  }, []);
  return drawer;
}

function Filters({filter, onChoose}) {
  const {notices} = useApp();
  const types = notices.types.value;
  const chosen = filter === "all" || filter === "unread" ? filter : "";
  const tabs = [
    {name: "all", text: t("inbox.all")},
    {name: "unread", text: t("inbox.unread"), count: notices.unread.value},
  ];
  return html`
    <div class="inbox-filters">
      <${Tabs} label=${t("inbox.filter")} tabs=${tabs} chosen=${chosen} onChoose=${onChoose} />
      ${
        (types.length > 1 || !chosen) &&
        html`<select
          aria-label=${t("inbox.type")}
          value=${chosen ? "" : filter}
          onChange=${(event) => onChoose(event.target.value || "all")}
        >
          <option value="">${t("inbox.every_type")}</option>
          ${types.map((type) => html`<option key=${type} value=${type}>${typeText(type)}</option>`)}
        </select>`
      }
    </div>
  `;
}

function Rows({filter, onClose}) {
  const {notices} = useApp();
  const shown = notices.list(filter);
  const remove = (notice) => {
    notices.hide(notice.id);
    const action = {text: t("inbox.undo"), run: () => notices.keep(notice.id)};
    const onGone = () => notices.remove(notice.id).catch(complain);
    toast({text: t("inbox.removed", {title: wordsOf(notice).title}), action, onGone, key: `removed ${notice.id}`});
  };
  return html`
    ${shown.length === 0 && html`<${Nothing} filter=${filter} />`}
    <div onKeyDown=${steer}>
      ${byDay(shown).map(
        ({day, notices: ofDay}) => html`
          <h3 key=${day} class="inbox-day" id=${`day-${day}`}>${dayName(day)}</h3>
          <ul class="list" key=${`list ${day}`} aria-labelledby=${`day-${day}`}>
            ${ofDay.map(
              (notice) => html`<${Row} key=${notice.id} notice=${notice} onRemove=${remove} onClose=${onClose} />`,
            )}
          </ul>
        `,
      )}
    </div>
    ${
      notices.hasMore(filter)
        ? html`<${More} filter=${filter} />`
        : shown.length > 0 &&
          html`<p class="hint inbox-end">${t("inbox.end", {time: span(notices.keptSeconds.value)})}</p>`
    }
  `;
}

function dayName(day) {
  const name = nameOf(day);
  return name ? t(`inbox.day_${name}`) : dayText(day);
}

function Nothing({filter}) {
  return filter === "unread"
    ? html`<${Empty} icon="check" title=${t("inbox.none_unread")} text=${t("inbox.none_unread_text")} />`
    : html`<${Empty} icon="bell" title=${t("inbox.none")} text=${t("inbox.none_text")} />`;
}

function More({filter}) {
  const {notices} = useApp();
  const [isBusy, setBusy] = useState(false);
  async function load() {
    setBusy(true);
    await notices.more(filter).catch(complain);
    setBusy(false);
  }
  return html`<button type="button" class="quiet inbox-more" disabled=${isBusy} onClick=${load}>
    ${t("inbox.more")}
  </button>`;
}

const STEPS = {ArrowDown: 1, ArrowUp: -1};

/** Go from row to row by the arrow keys. */
function steer(event) {
  const step = STEPS[event.key];
  const rows = [...event.currentTarget.querySelectorAll(".inbox-row-open")];
  const at = rows.indexOf(event.target.closest(".inbox-row")?.querySelector(".inbox-row-open"));
  if (step && at >= 0) {
    event.preventDefault();
    rows[at + step]?.focus();
  }
}
