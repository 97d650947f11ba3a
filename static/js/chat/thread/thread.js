// One conversation, to be read and written.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useLayoutEffect, useMemo, useRef, useState} from "#js/core/view.js";
import {Composer} from "#js/chat/thread/composer.js";
import {Head} from "#js/chat/thread/head.js";
import {Herald, Messages} from "#js/chat/thread/messages.js";
import {ReadingPlace} from "#js/chat/thread/reading_place.js";
import {Search} from "#js/chat/thread/search.js";
import {Viewer} from "#js/chat/thread/viewer.js";
import {Icon} from "#js/ui/icon.js";
import {Empty, Loading, Problem} from "#js/ui/state.js";
import {complain, toast} from "#js/ui/toasts.js";

/** `seq` is a message to show; `onBack` goes back where there is one pane; `tools` are further buttons at the top. */
export const Thread = (props) => html`<${Open} key=${props.conversation} ...${props} />`;

function Open({conversation, seq, onBack, tools}) {
  const {live, conversations} = useApp();
  const place = useMemo(() => new ReadingPlace(conversation.history), [conversation]);
  const [isSearching, setSearching] = useState(false);
  useEffect(() => {
    if (live.state.peek() === "live") {
      conversation.join();
    } else {
      conversation.follow();
    }
    conversation.history.isOpen = true;
    return () => {
      if (conversation.state.peek() === "ready" && !place.isGoing.peek()) {
        conversations.places.set(conversation.id, place.left);
      }
      conversation.history.isOpen = false;
      conversation.ownTyping.stop();
    };
  }, [conversation]);
  const isReady = conversation.state.value === "ready";
  const hasSome = isReady || conversation.outgoing.value.length > 0; // what was written offline is shown at once
  useBeginning(conversation, place, isReady, seq);
  useRenewals(conversation, place);
  return html`
    <section class="thread" aria-label=${t("thread.with", {name: conversation.title})}>
      <${Head}
        conversation=${conversation}
        onBack=${onBack}
        tools=${tools}
        isSearching=${isSearching}
        onSearch=${() => setSearching(!isSearching)}
      />
      <div class="thread-main" ...${useDrop(conversation)}>
        <div class="thread-column">
          ${hasSome ? html`<${Messages} conversation=${conversation} place=${place} />` : html`<${Waiting} conversation=${conversation} />`}
          <div class="thread-below">
            ${isReady && html`<${Pill} conversation=${conversation} place=${place} /><${Herald} conversation=${conversation} />`}
            <${TypingLine} conversation=${conversation} />
            <${Foot} conversation=${conversation} place=${place} />
          </div>
        </div>
        ${isSearching && isReady && html`<${Search} conversation=${conversation} place=${place} onClose=${() => setSearching(false)} />`}
      </div>
      <${Viewer} conversation=${conversation} place=${place} />
    </section>
  `;
}

/** Begin at the message that is asked for, or where one has left, or else at the first that was not read. */
function useBeginning(conversation, place, isReady, seq) {
  const {conversations} = useApp();
  const hasBegun = useRef(false);
  // Before the end that is drawn first is seen by anybody.
  useLayoutEffect(() => {
    if (!isReady) {
      return;
    }
    if (seq) {
      place.go(seq).catch(complain);
    } else if (!hasBegun.current) {
      const unread = conversation.unread.value > 0 ? {seq: conversation.newFrom.value} : null;
      const {seq: start, above} = conversations.places.get(conversation.id) ?? unread ?? {};
      start && place.go(start, {isQuiet: true, above}).catch(() => {}); // the end is shown
    }
    hasBegun.current = true;
  }, [isReady, seq]);
}

/** Say that what was shown is gone, as too much was missed to catch up with; `place` is told before anything is drawn. */
function useRenewals({renewals, unread, newFrom}, place) {
  useEffect(() => {
    const known = renewals.peek();
    return renewals.subscribe((count) => {
      if (count > known) {
        place.renewed(unread.peek() ? newFrom.peek() : null);
        toast({kind: "info", text: t("thread.renewed"), key: "renewed"});
      }
    });
  }, [renewals, place]);
}

function Waiting({conversation}) {
  const {live} = useApp();
  const isAway = live.state.value === "offline" || live.state.value === "reconnecting";
  if (conversation.state.value === "error") {
    return html`<div class="thread-box">
      <${Problem} error=${conversation.error.value} retry=${() => conversation.join()} />
    </div>`;
  }
  return html`<div class="thread-box" id="history-note">
    ${
      isAway
        ? html`<${Empty} icon="wifi-off" title=${t("thread.offline")} text=${t("thread.offline_hint")} />`
        : html`<${Loading} rows=${6} />`
    }
  </div>`;
}

function Pill({conversation, place}) {
  if (place.isAtEnd.value) {
    return null;
  }
  const unread = conversation.unread.value;
  return html`
    <button type="button" class="pill" id="to-newest" onClick=${() => place.goToEnd()}>
      <${Icon} name="down" />
      ${unread ? t("thread.new_count", {count: unread}) : t("thread.to_newest")}
    </button>
  `;
}

function TypingLine({conversation}) {
  const {me} = useApp();
  const names = conversation.typing.value
    .map((id) => conversation.others.find((member) => member.id === id && id !== me.id)?.display_name)
    .filter(Boolean);
  const text = names.length > 2 ? t("thread.many_typing") : t("thread.typing", {name: names.join(t("thread.and"))});
  return html`<p class="typing-line hint" role="status">
    ${names.length > 0 && html`<span class="typing-dots" aria-hidden="true"><i /><i /><i /></span> ${text}`}
  </p>`;
}

function Foot({conversation, place}) {
  if (conversation.canWrite) {
    return html`<${Composer} conversation=${conversation} onSent=${() => place.goToEnd()} />`;
  }
  return html`<p class="composer-closed hint">
    ${t(conversation.isGone.value ? "thread.not_in_it" : "thread.not_friends")}
  </p>`;
}

/** Return the listeners that take files which are dropped, and show where. */
function useDrop(conversation) {
  const [isOver, setOver] = useState(false);
  const hasFiles = ({dataTransfer}) => conversation.canWrite && dataTransfer.types.includes("Files");
  return {
    "data-drop": isOver || undefined,
    onDragOver: (event) => {
      if (hasFiles(event)) {
        event.preventDefault();
        setOver(true);
      }
    },
    onDragLeave: (event) => event.currentTarget.contains(event.relatedTarget) || setOver(false),
    onDrop: (event) => {
      if (hasFiles(event)) {
        event.preventDefault();
        setOver(false);
        conversation.composition.attachFiles(event.dataTransfer.files);
      }
    },
  };
}
