// A picture as large as the window; the arrow keys go to the ones before and after it.

import {t} from "#js/core/texts.js";
import {html, useLayoutEffect, useRef} from "#js/core/view.js";
import {Icon} from "#js/ui/icon.js";

export function Viewer({conversation, place}) {
  const pictures = conversation.messages.value.filter(
    ({type, file, recalled}) => type === "image" && file && !recalled,
  );
  const at = pictures.findIndex(({id}) => id === place.viewed.value);
  const go = (step) => {
    const next = pictures[at + step];
    if (next) {
      place.viewed.value = next.id;
    }
  };
  const close = () => (place.viewed.value = null);
  return (
    at >= 0 && html`<${Shown} picture=${pictures[at]} at=${at} count=${pictures.length} go=${go} onClose=${close} />`
  );
}

function Shown({picture, at, count, go, onClose}) {
  const dialog = useRef(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    element.showModal();
    return () => element.close();
  }, []);
  const {file, content} = picture;
  const steer = (event) => go({ArrowLeft: -1, ArrowRight: 1}[event.key] ?? 0);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`
    <dialog
      class="viewer"
      ref=${dialog}
      aria-label=${t("thread.picture_named", {name: file.name})}
      onCancel=${cancel}
      onKeyDown=${steer}
    >
      <header>
        <span class="viewer-name">${content || file.name}</span>
        <span class="hint">${t("thread.picture_at", {at: at + 1, count})}</span>
        <a
          class="button icon"
          href=${file.url}
          download=${file.name}
          aria-label=${t("thread.download", {name: file.name})}
          ><${Icon} name="download"
        /></a>
        <button type="button" class="icon" aria-label=${t("thread.close")} onClick=${onClose}>
          <${Icon} name="close" />
        </button>
      </header>
      <div class="viewer-picture" onClick=${(event) => event.target === event.currentTarget && onClose()}>
        <button
          type="button"
          class="icon"
          disabled=${at === 0}
          aria-label=${t("thread.picture_before")}
          onClick=${() => go(-1)}
        >
          <${Icon} name="left" />
        </button>
        <img
          key=${file.id}
          src=${file.url}
          alt=${t("thread.picture_named", {name: file.name})}
          width=${file.width}
          height=${file.height}
        />
        <button
          type="button"
          class="icon"
          disabled=${at === count - 1}
          aria-label=${t("thread.picture_after")}
          onClick=${() => go(1)}
        >
          <${Icon} name="right" />
        </button>
      </div>
    </dialog>
  `;
}
