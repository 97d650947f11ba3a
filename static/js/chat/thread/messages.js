// The messages of a thread in a box that scrolls.

import {useApp} from "#js/app.js";
import {day as dayText} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useLayoutEffect, useRef} from "#js/core/view.js";
import {excerptText} from "#js/chat/thread/excerpt.js";
import {Message} from "#js/chat/thread/message.js";
import {actOn, steer} from "#js/chat/thread/message_actions.js";
import {isSameRow, rowsOf} from "#js/chat/thread/rows.js";
import {systemText} from "#js/chat/thread/system_text.js";
import {Icon} from "#js/ui/icon.js";

const SEEN_AFTER_MS = 150;

export function Messages({conversation, place}) {
  const app = useApp();
  const box = useRef(null);
  place.note();
  const drawn = place.drawn.value;
  const rows = rowsOf(drawn, place.reachesEnd ? conversation.outgoing.value : [], {
    me: app.me,
    newFrom: conversation.newFrom.value,
  });
  useLayoutEffect(() => place.attach(box.current), [place]);
  useLayoutEffect(() => place.settle());
  useSeeing(conversation, place, box);
  const act = (event) => actOn(event, {app, conversation, place, rows});
  return html`
    <div class="thread-box" ref=${box} onScroll=${() => place.moved()}>
      ${conversation.history.hasOlder || drawn[0]?.seq > 1 ? html`<${Skeleton} />` : html`<${Beginning} conversation=${conversation} />`}
      <ol
        class="messages"
        onClick=${act}
        onContextMenu=${act}
        onPointerDown=${act}
        onKeyDown=${(event) => steer(event, box.current, act)}
        aria-label=${t("thread.messages")}
      >
        ${useLines(rows, conversation, place)}
      </ol>
    </div>
  `;
}

/** The rows as they are drawn; one that has not changed is the same as before, and not looked at again. */
function useLines(rows, conversation, place) {
  const before = useRef(new Map());
  const after = new Map();
  const found = place.found.value;
  for (const [index, row] of rows.entries()) {
    const isLast = index === rows.length - 1;
    const isFound = found !== null && row.message?.seq === found;
    const known = before.current.get(row.key);
    const isSame = known?.isLast === isLast && known.isFound === isFound && isSameRow(row, known.row);
    const line = isSame ? known.line : html`<${Row} key=${row.key} ...${{row, conversation, isLast, isFound}} />`;
    after.set(row.key, {row, isLast, isFound, line});
  }
  before.current = after;
  return [...after.values()].map(({line}) => line);
}

function Row({row, conversation, isLast, isFound}) {
  const {me} = useApp();
  if (row.kind === "day") {
    return html`<li class="line day"><span>${dayText(row.day)}</span></li>`;
  }
  if (row.kind === "new") {
    return html`<li class="line new"><span>${t("thread.new_messages")}</span></li>`;
  }
  if (row.kind === "system") {
    const nameOf = (id) => conversation.info.value?.members.find((member) => member.id === id)?.display_name;
    return html`<li class="line system" data-seq=${row.message.seq}>
      <span>${systemText(row.message, nameOf, me.id)}</span>
    </li>`;
  }
  return html`<${Message} row=${row} conversation=${conversation} isLast=${isLast} isFound=${isFound} />`;
}

const Skeleton = () => html`
  <div class="thread-older" aria-hidden="true">
    ${[60, 38, 52].map((width) => html`<span class="skeleton-line" style=${{width: `${width}%`}} />`)}
  </div>
`;

function Beginning({conversation}) {
  if (conversation.state.value !== "ready") {
    return html`<${Skeleton} />`;
  }
  if (conversation.messages.value.length || conversation.outgoing.value.length) {
    return html`<p class="thread-beginning hint">${t("thread.beginning")}</p>`;
  }
  return html`
    <div class="thread-empty">
      <${Icon} name="chat" />
      <p>${t(conversation.isGroup ? "thread.empty_group" : "thread.empty", {name: conversation.title})}</p>
    </div>
  `;
}

/** Have what is seen marked as read: what is in view, in a tab that is in view. */
function useSeeing(conversation, place, box) {
  useEffect(() => {
    let timer = 0;
    function see() {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const isVisible = document.visibilityState === "visible";
        conversation.reading.isWatched = isVisible && place.isAtEnd.value;
        if (isVisible) {
          conversation.read(place.isAtEnd.value ? undefined : place.lastSeen());
        }
      }, SEEN_AFTER_MS);
    }
    const element = box.current;
    const resized = new ResizeObserver(() => {
      place.settle();
      place.moved();
    });
    resized.observe(element);
    resized.observe(element.querySelector(".messages"));
    const unsubscribe = [place.isAtEnd.subscribe(see), conversation.messages.subscribe(see)];
    element.addEventListener("scroll", see, {passive: true});
    document.addEventListener("visibilitychange", see);
    return () => {
      clearTimeout(timer);
      conversation.reading.isWatched = false;
      resized.disconnect();
      unsubscribe.forEach((stop) => stop());
      element.removeEventListener("scroll", see);
      document.removeEventListener("visibilitychange", see);
    };
  }, [conversation, place]);
}

/** Tells who listens to the page what has come. */
export function Herald({conversation}) {
  const {me} = useApp();
  const last = conversation.history.recent.value.at(-1);
  const first = useRef(last?.seq ?? 0);
  const isNews = last && last.seq > first.current && last.sender.id !== me.id && last.type !== "system";
  return html`<p class="visually-hidden" role="status">
    ${isNews && t("thread.heard", {name: conversation.memberOf(last.sender).display_name, text: excerptText(last)})}
  </p>`;
}
