// One message: who wrote it and when, what it replies to, what it says, and how far it has come.

import {count, moment, time} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {classes, computed, html, useMemo} from "#js/core/view.js";
import {Content} from "#js/chat/thread/content.js";
import {excerptText} from "#js/chat/thread/excerpt.js";
import {Avatar} from "#js/ui/avatar.js";
import {Icon} from "#js/ui/icon.js";

const TICKS = {
  sending: "clock",
  waiting: "clock",
  sent: "check",
  delivered: "double-check",
  read: "double-check",
  failed: "alert",
};

/** What is done with a message is said by `data-do` alone: see message_actions.js. */
export function Message({row, conversation, isLast, isFound}) {
  const {message, outgoing, isMine, isFirst} = row;
  const state = useStateOf(row, conversation);
  const sender = conversation.memberOf(message.sender);
  const at = time(message.created_at);
  return html`
    <li
      class=${classes("message", {mine: isMine, first: isFirst, last: row.isLast, found: isFound, recalled: message.recalled})}
      data-key=${row.key}
      data-seq=${message.seq ?? undefined}
      data-state=${state}
      tabindex=${isLast ? 0 : -1}
      aria-label=${t("thread.message_of", {name: isMine ? t("thread.you") : sender.display_name, time: at})}
    >
      ${!isMine && html`<span class="message-face">${isFirst && html`<${Avatar} user=${sender} size=${34} />`}</span>`}
      <div class="message-body">
        ${!isMine && isFirst && conversation.isGroup && html`<p class="message-name">${sender.display_name}</p>`}
        <div class="message-line">
          <div class="bubble" data-type=${message.type}>
            ${message.reply && !message.recalled && html`<${Quote} reply=${message.reply} conversation=${conversation} />`}
            <${Content} message=${message} outgoing=${outgoing} isMine=${isMine} conversation=${conversation} />
          </div>
          <p class="message-foot">
            ${message.edited_at && !message.recalled && html`<span class="message-mark" title=${moment(message.edited_at)}>${t("thread.edited")}</span>`}
            <time title=${moment(message.created_at)}>${at}</time>
            ${isMine && !message.recalled && html`<${Ticks} state=${state} message=${message} conversation=${conversation} />`}
          </p>
          ${!message.recalled && html`<${Tools} isSent=${!outgoing} />`}
        </div>
        ${outgoing?.error && html`<${Failure} error=${outgoing.error} />`}
      </div>
    </li>
  `;
}

/** Read signals so that it is drawn anew only when the result changes, not with every mark. */
const useReading = (read, inputs) => useMemo(() => computed(read), inputs).value;

function useStateOf({outgoing, isMine, message}, conversation) {
  if (!isMine) {
    return "received"; // a row stays whose it is, so the hook below is called always or never
  }
  return useReading(() => outgoing?.state ?? conversation.stateOf(message), [outgoing, message]);
}

function Ticks({state, message, conversation}) {
  if (conversation.isGroup && message.seq) {
    return html`<${GroupTicks} ...${{state, message, conversation}} />`;
  }
  const text = t(`thread.state_${state}`);
  return html`<span class="tick" data-state=${state} title=${text}
    ><${Icon} name=${TICKS[state]} label=${text}
  /></span>`;
}

/** In a group it says how many have read it; a press shows who. */
function GroupTicks({state, message, conversation}) {
  const readers = useReading(() => conversation.readersOf(message).length, [message]);
  const all = conversation.others.length;
  const counts = {count: count(readers), all: count(all)};
  const isPart = readers > 0 && readers < all;
  const text = t(isPart ? "thread.read_by" : state === "read" ? "thread.read_by_all" : `thread.state_${state}`, counts);
  return html`
    <button
      type="button"
      class="tick"
      data-state=${state}
      data-do="readers"
      tabindex="-1"
      title=${text}
      aria-haspopup="dialog"
    >
      ${isPart ? t("thread.read_part", counts) : html`<${Icon} name=${TICKS[state]} label=${text} />`}
    </button>
  `;
}

const Quote = ({reply, conversation}) => html`
  <button type="button" class="quote" data-do="show" data-target=${reply.seq} tabindex="-1">
    <span class="quote-name">${conversation.memberOf(reply.sender).display_name}</span>
    <span class="quote-text">${excerptText(reply)}</span>
  </button>
`;

const Tools = ({isSent}) => html`
  <span class="message-tools">
    ${
      isSent &&
      html`<button
        type="button"
        class="icon"
        data-do="reply"
        tabindex="-1"
        aria-label=${t("thread.do_reply")}
        title=${t("thread.do_reply")}
      >
        <${Icon} name="reply" />
      </button>`
    }
    <button
      type="button"
      class="icon"
      data-do="menu"
      tabindex="-1"
      aria-haspopup="menu"
      aria-label=${t("thread.more")}
      title=${t("thread.more")}
    >
      <${Icon} name="more" />
    </button>
  </span>
`;

const Failure = ({error}) => html`
  <p class="message-failure error" role="alert">
    <span>${error.message ?? t("thread.upload_cut")}</span>
    <button type="button" class="link" data-do="retry">${t("thread.do_retry")}</button>
    <button type="button" class="link" data-do="discard">${t("thread.do_discard")}</button>
  </p>
`;
