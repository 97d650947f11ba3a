// The messages of a thread in a box that scrolls.

import {useApp} from "#js/app.js";
import {day as dayText} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useErrorBoundary, useLayoutEffect, useRef} from "#js/core/view.js";
import {useLongPress} from "#js/chat/list/long_press.js";
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
        ...${useLongPress((event) => act(event.target ? event : pressed(event)))}
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

/** A long press, which says only where it was, as a right click. */
const pressed = (press) => ({
  ...press,
  type: "contextmenu",
  isLong: true,
  target: document.elementFromPoint(press.clientX, press.clientY),
});

/** One row; a message that cannot be drawn does not take the others with it. */
function Row({row, conversation, isLast, isFound}) {
  const {me} = useApp();
  const [fault] = useErrorBoundary(console.error);
  if (fault) {
    return html`<li class="line system" data-seq=${row.message?.seq ?? undefined}><span>${t("ui.fault")}</span></li>`;
  }
  if (row.kind === "day") {
    return html`<li class="line day"><span>${dayText(row.day)}</span></li>`;
  }
  if (row.kind === "new") {
    return html`<li class="line new"><span>${t("thread.new_messages")}</span></li>`;
  }
  if (row.kind === "system") {
    const nameOf = (person) => conversation.memberOf(person).display_name;
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
    const eyes = new Eyes(conversation, place);
    const see = () => eyes.see();
    const moves = [place.isAtEnd, place.isGoing, conversation.messages];
    const stops = [...moves.map((move) => move.subscribe(see)), onResize(box.current, place)];
    box.current.addEventListener("scroll", see, {passive: true});
    document.addEventListener("visibilitychange", see);
    return () => {
      eyes.close();
      stops.forEach((stop) => stop());
      box.current?.removeEventListener("scroll", see);
      document.removeEventListener("visibilitychange", see);
    };
  }, [conversation, place]);
}

class Eyes {
  #conversation;
  #place;
  #timer = 0;

  constructor(conversation, place) {
    this.#conversation = conversation;
    this.#place = place;
  }

  /** Whether what stands in the box is looked at: not on the way to another place. */
  get #isOpen() {
    return document.visibilityState === "visible" && !this.#place.isGoing.value;
  }

  get #isAtEnd() {
    return this.#isOpen && this.#place.isAtEnd.value;
  }

  /** Something has moved: what is not in view any more is not seen from now on, what is in view for a moment is. */
  see() {
    this.#conversation.reading.isWatched &&= this.#isAtEnd;
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.#conversation.reading.isWatched = this.#isAtEnd;
      if (this.#isOpen) {
        this.#conversation.read(this.#isAtEnd ? undefined : this.#place.lastSeen());
      }
    }, SEEN_AFTER_MS);
  }

  close() {
    clearTimeout(this.#timer);
    this.#conversation.reading.isWatched = false;
  }
}

function onResize(box, place) {
  const observer = new ResizeObserver(() => {
    place.settle();
    place.moved();
  });
  observer.observe(box);
  observer.observe(box.querySelector(".messages"));
  return () => observer.disconnect();
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
