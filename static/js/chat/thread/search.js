// Searching in a conversation: words, a kind of message, a day.

import {brief, moment} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useRef, useState} from "#js/core/view.js";
import {excerptText} from "#js/chat/thread/excerpt.js";
import {SearchField} from "#js/ui/field.js";
import {Icon} from "#js/ui/icon.js";
import {Empty, Loading, Problem} from "#js/ui/state.js";
import {complain} from "#js/ui/toasts.js";

const PAUSE_MS = 250;
const COVERS = "(max-width: 1099.9px)"; // the messages, as the style sheet has it
const KINDS = ["", "image", "file", "stock"];

export function Search({conversation, place, onClose}) {
  const [query, setQuery] = useState("");
  const [kind, setKind] = useState("");
  const search = useSearch(conversation, query.trim(), kind);
  const going = (gone) => {
    gone.catch(complain);
    if (matchMedia(COVERS).matches) {
      onClose();
    }
  };
  const show = (seq) => going(place.go(seq));
  const close = (event) => event.key === "Escape" && onClose();
  useEffect(() => document.getElementById("thread-query").focus(), []);
  return html`
    <aside class="thread-search" aria-label=${t("thread.search")} onKeyDown=${close}>
      <header class="toolbar">
        <${SearchField} label=${t("thread.search")} value=${query} onInput=${setQuery} id="thread-query" />
        <button type="button" class="icon" aria-label=${t("thread.close_search")} onClick=${onClose}>
          <${Icon} name="close" />
        </button>
      </header>
      <div class="toolbar thread-kinds">
        ${KINDS.map(
          (name) => html`
            <button key=${name} type="button" class="chip" aria-pressed=${name === kind} onClick=${() => setKind(name)}>
              ${t(`thread.kind_${name || "all"}`)}
            </button>
          `,
        )}
        <${Day} onChoose=${(day) => going(place.goToTime(day))} />
      </div>
      <div class="thread-hits">
        <${Hits} search=${search} conversation=${conversation} query=${query.trim()} onChoose=${show} />
      </div>
    </aside>
  `;
}

/** The browser's own calendar, asked for by a button: its field would say the date in a way of its own. */
function Day({onChoose}) {
  const field = useRef(null);
  const choose = ({target}) => {
    if (target.value) {
      onChoose(new Date(`${target.value}T00:00`));
      target.value = "";
    }
  };
  return html`
    <span class="thread-day">
      <button type="button" class="chip" title=${t("thread.to_day")} onClick=${() => field.current.showPicker()}>
        <${Icon} name="calendar" />${t("thread.day")}
      </button>
      <input type="date" ref=${field} tabindex="-1" aria-label=${t("thread.to_day")} onChange=${choose} />
    </span>
  `;
}

function Hits({search, conversation, query, onChoose}) {
  const {state, messages, hasMore, error, more} = search;
  if (state === "idle") {
    return html`<p class="hint thread-hint">${t("thread.search_hint")}</p>`;
  }
  if (state === "error") {
    return html`<${Problem} error=${error} retry=${more} />`;
  }
  if (state === "ready" && !messages.length) {
    return html`<${Empty} icon="search" title=${t("thread.nothing_found")} />`;
  }
  return html`
    <ul class="list" aria-label=${t("thread.hits")}>
      ${messages.map(
        (message) => html`
          <li key=${message.id}>
            <button type="button" class="hit" onClick=${() => onChoose(message.seq)}>
              <span class="hit-head">
                <span class="quote-name">${conversation.memberOf(message.sender).display_name}</span>
                <time class="hint" title=${moment(message.created_at)}>${brief(message.created_at)}</time>
              </span>
              <span class="hit-text"><${Marked} text=${excerptText(message)} query=${query} /></span>
            </button>
          </li>
        `,
      )}
    </ul>
    ${state === "loading" ? html`<${Loading} rows=${3} />` : hasMore && html`<button type="button" class="quiet" onClick=${more}>${t("thread.more_hits")}</button>`}
  `;
}

/** The text from a little before the first word that was sought, with the words marked. */
function Marked({text, query}) {
  const words = query
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!words.length) {
    return text;
  }
  const pattern = new RegExp(`(${words.join("|")})`, "giu");
  const first = Math.max(0, text.search(pattern) - 30);
  const shown = (first ? "…" : "") + text.slice(first, first + 160);
  return shown.split(pattern).map((part, index) => (index % 2 ? html`<mark>${part}</mark>` : part));
}

function useSearch(conversation, q, type) {
  const [found, setFound] = useState({state: "idle", messages: []});
  const turn = useRef(0);

  async function ask(before) {
    const mine = ++turn.current;
    setFound({...before, state: "loading"});
    try {
      const page = await conversation.search({q, type, before_seq: before.messages.at(-1)?.seq, limit: 30});
      if (mine === turn.current) {
        setFound({state: "ready", messages: [...before.messages, ...page.messages], hasMore: page.has_more});
      }
    } catch (error) {
      if (mine === turn.current) {
        setFound({...before, state: "error", error});
      }
    }
  }

  useEffect(() => {
    turn.current += 1;
    if (!q && !type) {
      setFound({state: "idle", messages: []});
      return undefined;
    }
    const timer = setTimeout(() => ask({messages: []}), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [q, type]);
  return {...found, more: () => ask({messages: found.messages})};
}
