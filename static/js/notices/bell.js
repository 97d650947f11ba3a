// The bell: how much is unread, the drawer it opens, and what tells of news while the drawer is closed.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useId, useRef, useSignalEffect, useState} from "#js/core/view.js";
import {Drawer} from "#js/notices/drawer.js";
import {kindOf, targetOf} from "#js/notices/kinds.js";
import {hasSound, isTeller, permission, playTone, showOnDesktop, wantsDesktop} from "#js/notices/telling.js";
import {wordsOf} from "#js/notices/words.js";
import {Icon} from "#js/ui/icon.js";
import {toast} from "#js/ui/toasts.js";

const MOST_SHOWN = 99;

export function Bell() {
  const {notices} = useApp();
  const [isOpen, setOpen] = useState(false);
  const shown = useShownToasts(notices);
  const button = useRef(null);
  const id = useId();
  useTelling(notices, isOpen, shown);
  const unread = notices.unread.value;
  const turn = () => {
    shown.clear();
    setOpen(!isOpen);
  };
  const close = () => {
    setOpen(false);
    button.current.focus();
  };
  return html`
    <button
      type="button"
      class="icon bell"
      id="bell"
      ref=${button}
      aria-haspopup="dialog"
      aria-expanded=${isOpen}
      aria-controls=${isOpen ? id : undefined}
      aria-label=${unread ? t("inbox.bell_unread", {count: unread}) : t("inbox.bell")}
      onClick=${turn}
    >
      <${Icon} name="bell" />
      ${unread > 0 && html`<span class="badge" aria-hidden="true">${unread > MOST_SHOWN ? `${MOST_SHOWN}+` : unread}</span>`}
    </button>
    ${isOpen && html`<${Drawer} id=${id} opener=${button} onClose=${close} />`}
  `;
}

/** The toasts of notifications: they go when what they tell of is read, or shown in the drawer. */
function useShownToasts(notices) {
  const shown = useRef(new Map());
  const hide = (id) => {
    shown.current.get(id)();
    shown.current.delete(id);
  };
  useSignalEffect(() => {
    const isUnread = new Set(notices.list("all").flatMap(({id, status}) => (status === "unread" ? [id] : [])));
    [...shown.current.keys()].filter((id) => !isUnread.has(id)).forEach(hide);
  });
  return {
    add: (id, dismiss) => shown.current.set(id, dismiss),
    clear: () => [...shown.current.keys()].forEach(hide),
  };
}

function useTelling(notices, isOpen, shown) {
  useEffect(
    () =>
      notices.onArrival(async (notice, {isSeen}) => {
        const isQuiet = isOpen || isSeen;
        if (!isQuiet && !document.hidden) {
          shown.add(notice.id, showToast(notices, notice));
        }
        const isHidden = document.hidden;
        if (await isTeller(notice.id, {isHidden})) {
          tellOutside(notices, notice, {isHidden, isQuiet});
        }
      }),
    [notices, isOpen],
  );
}

function showToast(notices, notice) {
  const target = targetOf(notice);
  const {severity} = kindOf(notice.type);
  const {source, type} = notice;
  const {title, content: text} = wordsOf(notice);
  const action = target && {text: t("inbox.open"), run: () => open(notices, notice)};
  return toast({kind: severity, title, text, action, key: `notice ${type} ${source} ${title} ${text}`});
}

function tellOutside(notices, notice, {isHidden, isQuiet}) {
  if (hasSound.value && !(isQuiet && !isHidden)) {
    playTone();
  }
  if (isHidden && wantsDesktop.value && permission() === "granted") {
    showOnDesktop({id: notice.id, ...wordsOf(notice)}, () => open(notices, notice));
  }
}

function open(notices, notice) {
  const target = targetOf(notice);
  notices.read(notice.id).catch(() => {});
  if (target?.isOutside) {
    window.open(target.href, "_blank", "noopener,noreferrer");
  } else if (target) {
    location.hash = target.href;
  }
}
