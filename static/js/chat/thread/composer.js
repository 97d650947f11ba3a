// Where messages are written.

import {t} from "#js/core/texts.js";
import {html, useEffect, useLayoutEffect, useRef, useState} from "#js/core/view.js";
import {Attachments, ComposerBar} from "#js/chat/thread/composer_parts.js";
import {StockPicker} from "#js/chat/thread/stock_picker.js";
import {LIST_ID, Suggestions, useSuggestions} from "#js/chat/thread/suggestions.js";
import {replaced} from "#js/chat/thread/trigger.js";
import {useApp} from "#js/app.js";
import {Icon} from "#js/ui/icon.js";
import {complain} from "#js/ui/toasts.js";

const COUNTED_FROM = 500; // characters that are left

export function Composer({conversation, onSent}) {
  const {composition} = conversation;
  const draft = useRef(null);
  const suggestions = useSuggestions(conversation, (option, trigger) =>
    take(option, trigger, composition, draft.current),
  );
  const {text, left} = composition;
  useLayoutEffect(() => fit(draft.current), [text]);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) {
      draft.current.focus({preventScroll: true});
    }
  }, [conversation]);

  function submit(event) {
    event.preventDefault();
    const isEdit = Boolean(composition.editing.value);
    composition.submit()?.catch(complain);
    suggestions.close();
    draft.current.focus();
    if (!isEdit) {
      onSent();
    }
  }

  function write({target}) {
    composition.text = target.value;
    suggestions.look(target);
    if (target.value && !composition.editing.value) {
      conversation.ownTyping.key();
    }
  }

  return html`
    <form class="composer" id="composer" onSubmit=${submit}>
      <${Suggestions} ...${suggestions} />
      <${ComposerBar} conversation=${conversation} />
      <${Attachments} composition=${composition} />
      <div class="composer-line">
        <${Buttons} composition=${composition} />
        <textarea
          id="draft"
          ref=${draft}
          rows="1"
          value=${text}
          placeholder=${t(composition.isCaption ? "thread.caption" : "thread.write")}
          aria-label=${t("thread.write_to", {name: conversation.title})}
          role=${suggestions.options.length ? "combobox" : undefined}
          aria-expanded=${suggestions.options.length ? "true" : undefined}
          aria-controls=${suggestions.options.length ? LIST_ID : undefined}
          aria-activedescendant=${suggestions.options.length ? `${LIST_ID}-${suggestions.at}` : undefined}
          enterkeyhint="send"
          onInput=${write}
          onPaste=${(event) => paste(event, composition)}
          onBlur=${suggestions.close}
          onKeyDown=${(event) => suggestions.onKey(event) || pressed(event, conversation, submit)}
        />
        <button
          type="submit"
          class="primary icon"
          disabled=${!composition.canSend}
          aria-label=${t("thread.send")}
          title=${t("thread.send")}
        >
          <${Icon} name=${composition.editing.value ? "check" : "send"} />
        </button>
      </div>
      ${left < COUNTED_FROM && html`<p class=${left < 0 ? "composer-count error" : "composer-count hint"} role="status">${t("thread.left", {count: left})}</p>`}
    </form>
  `;
}

function Buttons({composition}) {
  const {limits} = useApp();
  const files = useRef(null);
  const [isPicking, setPicking] = useState(false);
  const extensions = limits.known.value?.file_extensions;
  if (composition.editing.value) {
    return null;
  }
  function attach({target}) {
    composition.attachFiles(target.files);
    target.value = "";
  }
  return html`
    <button
      type="button"
      class="icon"
      aria-label=${t("thread.attach")}
      title=${t("thread.attach")}
      onClick=${() => files.current.click()}
    >
      <${Icon} name="attach" />
    </button>
    <input
      type="file"
      id="files"
      multiple
      hidden
      ref=${files}
      accept=${extensions?.map((one) => `.${one}`).join()}
      onChange=${attach}
    />
    <button
      type="button"
      class="icon"
      aria-label=${t("thread.share_stock")}
      title=${t("thread.share_stock")}
      onClick=${() => setPicking(true)}
    >
      <${Icon} name="market" />
    </button>
    ${isPicking && html`<${StockPicker} onChoose=${(stock) => composition.attachStock(stock)} onClose=${() => setPicking(false)} />`}
  `;
}

/** Put what was chosen from the list where it belongs: a name into the text, a stock beside it. */
function take({member, stock}, trigger, composition, field) {
  const word = stock ? "" : `@${member?.username ?? "all"} `;
  const {text, caret} = replaced(field.value, trigger, field.selectionStart, word);
  composition.text = text;
  field.value = text;
  field.setSelectionRange(caret, caret);
  if (stock) {
    composition.attachStock(stock);
  }
}

function paste(event, composition) {
  const {files} = event.clipboardData;
  if (files.length && !composition.editing.value) {
    event.preventDefault();
    composition.attachFiles(files);
  }
}

function pressed(event, conversation, submit) {
  const {composition} = conversation;
  // Enter that ends the input of Chinese is not the one that sends.
  const isOfInput = event.isComposing || event.keyCode === 229;
  if (event.key === "Enter" && !event.shiftKey && !isOfInput) {
    submit(event);
  } else if (event.key === "Escape" && (composition.editing.value || composition.replyTo)) {
    event.stopPropagation();
    composition.editing.value ? composition.edit(null) : composition.reply(null);
  } else if (event.key === "ArrowUp" && !composition.text && !isOfInput) {
    editLast(event, conversation);
  }
}

function editLast(event, conversation) {
  const last = conversation.history.recent.value.findLast(
    (one) => conversation.isMine(one) && one.type === "text" && !one.recalled,
  );
  if (last) {
    event.preventDefault();
    conversation.composition.edit(last);
  }
}

/** Let the field be as high as its text, within what the style sheet allows. */
function fit(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}
