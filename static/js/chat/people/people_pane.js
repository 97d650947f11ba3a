// Finding people, and the requests from and to them.

import {useApp} from "#js/app.js";
import {Person} from "#js/chat/people/person.js";
import {PeopleSearch} from "#js/chat/people/search.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useMemo, useRef, useState} from "#js/core/view.js";
import {SearchField} from "#js/ui/field.js";
import {Icon} from "#js/ui/icon.js";
import {Empty, Loading, Problem, State} from "#js/ui/state.js";
import {Time} from "#js/ui/time.js";

export function PeoplePane({query}) {
  const app = useApp();
  const {friends, live} = app;
  const isLive = live.state.value === "live";
  const search = useMemo(() => new PeopleSearch(app), [app]);
  const [typed, setTyped] = useState(query);
  const wanted = typed.trim();
  const column = useRef(null);
  useEffect(() => setTyped(query), [query]);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) {
      column.current.querySelector("input").focus(); // elsewhere a keyboard would cover the requests
    }
  }, []);
  useEffect(() => search.search(wanted), [search, wanted]);
  useEffect(() => {
    if (isLive && search.error.peek()) {
      search.search(wanted); // it failed without a connection
    }
  }, [isLive]);
  return html`
    <header class="toolbar chat-people-head">
      <a class="button icon chat-back" href=${linkTo("chat")} aria-label=${t("chat.back")}><${Icon} name="back" /></a>
      <h2>${t("chat.people")}</h2>
    </header>
    <div class="chat-people" ref=${column}>
      <${SearchField} label=${t("chat.people_search")} value=${typed} onInput=${setTyped} maxlength="64" />
      ${
        wanted
          ? html`<${Found} search=${search} wanted=${wanted} />`
          : html`<${State} following=${friends.following}><${Requests} /><//>`
      }
    </div>
  `;
}

function Found({search, wanted}) {
  const {found, error, isBusy} = search;
  const shown = found.value;
  if (error.value) {
    return html`<${Problem} error=${error.value} retry=${() => search.search(wanted)} />`;
  }
  if (!shown) {
    return html`<${Loading} rows=${3} />`;
  }
  if (!shown.length) {
    return isBusy.value
      ? html`<${Loading} rows=${3} />`
      : html`<${Empty} icon="search" title=${t("chat.nobody_found", {wanted})} text=${t("chat.nobody_found_hint")} />`;
  }
  return html`
    <ul class="list" aria-label=${t("chat.people_found")} aria-busy=${isBusy.value} aria-live="polite">
      ${shown.map((user) => html`<li key=${user.id}><${Person} user=${user} /></li>`)}
    </ul>
  `;
}

function Requests() {
  const {incoming, outgoing} = useApp().friends;
  if (!incoming.value.length && !outgoing.value.length) {
    return html`<${Empty} icon="users" title=${t("chat.no_requests")} text=${t("chat.no_requests_hint")} />`;
  }
  return html`
    <${RequestList} title=${t("chat.requests")} requests=${incoming.value} whose=${({from_user: user}) => user} />
    <${RequestList} title=${t("chat.requests_sent")} requests=${outgoing.value} whose=${({to_user: user}) => user} />
  `;
}

function RequestList({title, requests, whose}) {
  return (
    requests.length > 0 &&
    html`
      <h3>${title}</h3>
      <ul class="list" aria-label=${title}>
        ${requests.map(
          (request) => html`
            <li key=${request.id}>
              <${Person} user=${whose(request)} note=${html`<${Time} value=${request.created_at} />`} />
            </li>
          `,
        )}
      </ul>
    `
  );
}
