// What a message says: text, a stock, a picture or a file.

import {useApp} from "#js/app.js";
import {bytes, percent, price} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {RichText} from "#js/chat/thread/rich_text.js";
import {withNames} from "#js/chat/thread/system_text.js";
import {trendOf} from "#js/market/models/book.js";
import {Icon} from "#js/ui/icon.js";
import {Progress} from "#js/ui/progress.js";

const LARGEST = 280; // pixels of a picture's longer side

export function Content({message, outgoing, isMine, conversation}) {
  if (message.recalled) {
    const name = conversation.memberOf(message.sender).display_name;
    return html`<p class="message-recalled">
      ${isMine ? t("thread.recalled_by_you") : withNames("thread.recalled_by", {name})}
    </p>`;
  }
  const caption =
    message.content && message.type !== "stock" && html`<${Words} message=${message} conversation=${conversation} />`;
  if (message.type === "stock") {
    return html`<${StockCard} stock=${message.stock ?? {symbol: message.content, name: message.content}} />`;
  }
  if (message.type === "image" && message.file) {
    return html`<${Picture} file=${message.file} outgoing=${outgoing} />${caption}`;
  }
  if (message.type === "file" && message.file) {
    return html`<${File} file=${message.file} outgoing=${outgoing} />${caption}`;
  }
  return caption || "";
}

function Words({message, conversation}) {
  const {me} = useApp();
  const {mentions = [], mentions_all: isAll} = message;
  const members = conversation.info.value?.members ?? [];
  const names = members.filter(({id}) => mentions.includes(id)).map(({username}) => username);
  const all = isAll ? [...names, "all", "所有人"] : names;
  return html`<p class="message-text">
    <${RichText} text=${message.content} names=${all} mine=${me.username.toLowerCase()} />
  </p>`;
}

export function StockCard({stock}) {
  const {symbol, name, price: last, change_percent: change} = stock;
  const trend = trendOf(change);
  return html`
    <a class="stock-card" href=${linkTo("market", symbol)}>
      <span class="stock-name">${name}</span>
      <span class="stock-code">${symbol}</span>
      ${
        last != null &&
        html`<span class=${`stock-price ${trend}`}>${price(last)}</span>
          <span class=${`stock-change ${trend}`}>${percent(change)}</span>`
      }
    </a>
  `;
}

/** Its place is kept before it is loaded, so that nothing moves. */
function Picture({file, outgoing}) {
  const {width, height} = shownSize(file);
  const source = file.thumbnail ? `${file.url}/thumbnail` : file.url;
  const image = html`<img
    src=${source}
    alt=${t("thread.picture_named", {name: file.name})}
    width=${width}
    height=${height}
    draggable=${false}
  />`;
  return outgoing
    ? html`<span class="picture">${image}<${Uploading} outgoing=${outgoing} /></span>`
    : html`<button
        type="button"
        class="picture"
        data-do="view"
        aria-label=${t("thread.view_picture", {name: file.name})}
      >
        ${image}
      </button>`;
}

function shownSize({width, height}) {
  if (!width) {
    return {width: undefined, height: undefined};
  }
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  return {width: Math.max(24, Math.round(width * scale)), height: Math.max(24, Math.round(height * scale))};
}

function File({file, outgoing}) {
  const inside = html`
    <span class="file-icon"><${Icon} name="attach" /></span>
    <span class="file-name" title=${file.name}>${file.name}</span>
    <span class="file-size">${bytes(file.size)}</span>
  `;
  return outgoing
    ? html`<span class="file-card">${inside}<${Uploading} outgoing=${outgoing} /></span>`
    : html`<a
        class="file-card"
        href=${file.url}
        download=${file.name}
        aria-label=${t("thread.download", {name: file.name})}
        >${inside}</a
      >`;
}

function Uploading({outgoing}) {
  if (!outgoing.progress || outgoing.error) {
    return null;
  }
  return html`
    <span class="uploading">
      <${Progress} value=${outgoing.progress.value} label=${t("thread.uploading")} />
      <button type="button" class="icon" data-do="discard" aria-label=${t("thread.cancel_upload")}>
        <${Icon} name="close" />
      </button>
    </span>
  `;
}
