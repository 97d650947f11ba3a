// One notification in the drawer.

import {useApp} from "#js/app.js";
import {time} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {classes, html} from "#js/core/view.js";
import {kindOf, targetOf} from "#js/notices/kinds.js";
import {typeText} from "#js/notices/types.js";
import {wordsOf} from "#js/notices/words.js";
import {Icon} from "#js/ui/icon.js";
import {Time} from "#js/ui/time.js";
import {complain} from "#js/ui/toasts.js";

export function Row({notice, onRemove, onClose}) {
  const {notices} = useApp();
  const {id, type, status} = notice;
  const {title} = wordsOf(notice);
  const {icon, severity} = kindOf(type);
  const isUnread = status === "unread";
  const read = () => notices.read(id).catch(complain);
  const steer = (event) => {
    if (event.key === "Delete") {
      leave(event);
      onRemove(notice);
    }
  };
  return html`
    <li
      class=${classes("inbox-row", {unread: isUnread})}
      data-severity=${severity}
      data-notice=${id}
      onKeyDown=${steer}
    >
      <span class="inbox-row-icon" title=${typeText(type)}><${Icon} name=${icon} /></span>
      <${Open} notice=${notice} isUnread=${isUnread} read=${read} onClose=${onClose} />
      <div class="inbox-row-actions">
        ${
          isUnread &&
          html`<button type="button" class="icon" aria-label=${t("inbox.read_one", {title})} onClick=${read}>
            <${Icon} name="check" />
          </button>`
        }
        <button
          type="button"
          class="icon"
          aria-label=${t("inbox.remove", {title})}
          onClick=${(event) => {
            leave(event);
            onRemove(notice);
          }}
        >
          <${Icon} name="trash" />
        </button>
      </div>
    </li>
  `;
}

/** What a click opens: the place, if there is one; in every case it is read then. */
function Open({notice, isUnread, read, onClose}) {
  const target = targetOf(notice);
  const {title, content} = wordsOf(notice);
  const words = html`
    <span class="inbox-row-title">
      ${isUnread && html`<span class="visually-hidden">${t("inbox.unread")}: </span>`}${title}
    </span>
    ${content && html`<span class="inbox-row-text">${content}</span>`}
    <span class="inbox-row-time"><${Time} value=${notice.created_at} /> · ${time(notice.created_at)}</span>
  `;
  if (!target) {
    return html`<button type="button" class="inbox-row-open" onClick=${read}>${words}</button>`;
  }
  const outside = target.isOutside ? {target: "_blank", rel: "noopener noreferrer"} : {};
  const open = () => {
    read();
    if (!target.isOutside) {
      onClose();
    }
  };
  return html`<a class="inbox-row-open" href=${target.href} ...${outside} onClick=${open}>${words}</a>`;
}

/** Give the focus to a neighbour of a row that goes. */
function leave(event) {
  const rows = [...event.currentTarget.closest(".inbox").querySelectorAll(".inbox-row-open")];
  const at = rows.indexOf(event.currentTarget.closest(".inbox-row").querySelector(".inbox-row-open"));
  (rows[at + 1] ?? rows[at - 1] ?? event.currentTarget.closest(".inbox")).focus();
}
