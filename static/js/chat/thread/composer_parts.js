// What stands above the text that is written: what it replies to or edits, and what is sent beside it.

import {useApp} from "#js/app.js";
import {bytes} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {excerptText} from "#js/chat/thread/excerpt.js";
import {Icon} from "#js/ui/icon.js";

export function ComposerBar({conversation}) {
  const {composition} = conversation;
  const {value: editing} = composition.editing;
  const about = editing?.message ?? composition.replyTo;
  if (!about) {
    return null;
  }
  const title = editing
    ? t("thread.editing")
    : t("thread.replying", {name: conversation.memberOf(about.sender).display_name});
  const label = editing ? t("thread.cancel_edit") : t("thread.cancel_reply");
  return html`
    <div class="composer-bar">
      <${Icon} name=${editing ? "edit" : "reply"} />
      <div class="composer-about">
        <span class="quote-name">${title}</span>
        <span class="quote-text">${excerptText(about)}</span>
      </div>
      <button
        type="button"
        class="icon"
        aria-label=${label}
        title=${label}
        onClick=${() => (editing ? composition.edit(null) : composition.reply(null))}
      >
        <${Icon} name="close" />
      </button>
    </div>
  `;
}

export function Attachments({composition}) {
  const attached = composition.attachments.value;
  if (!attached.length || composition.editing.value) {
    return null;
  }
  return html`
    <ul class="attachments" aria-label=${t("thread.attachments")}>
      ${attached.map(
        (one) => html`
          <li key=${one.id} class="attachment" data-problem=${one.problem ?? undefined}>
            <${Attached} ...${one} />
            <button
              type="button"
              class="icon"
              aria-label=${t("thread.detach")}
              onClick=${() => composition.detach(one)}
            >
              <${Icon} name="close" />
            </button>
          </li>
        `,
      )}
    </ul>
  `;
}

function Attached({blob, url, stock, problem}) {
  const {limits} = useApp();
  if (stock) {
    return html`<span class="file-icon"><${Icon} name="market" /></span><span class="file-name">${stock.name}</span
      ><span class="file-size">${stock.symbol}</span>`;
  }
  const most = bytes(limits.known.value?.max_file_size ?? 0);
  return html`
    ${url ? html`<img src=${url} alt="" />` : html`<span class="file-icon"><${Icon} name="attach" /></span>`}
    <span class="file-name">${blob.name}</span>
    ${problem ? html`<span class="file-size error" role="alert">${t(`thread.problem_${problem}`, {most})}</span>` : html`<span class="file-size">${bytes(blob.size)}</span>`}
  `;
}
