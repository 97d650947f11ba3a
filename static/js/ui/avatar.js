// A person's picture, or the first letter of the name on a colour of their own.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";

const HUES = 8;

/** `user` is `{id, display_name, avatar?}`; `presence` is "online", "idle", "offline" or "unknown", or what has that as its `state`. */
export function Avatar({user, size = 36, presence}) {
  const [broken, setBroken] = useState(null);
  const state = presence?.state ?? presence;
  const hasPicture = user.avatar && user.avatar !== broken;
  return html`
    <span class="avatar" data-hue=${hueOf(user.id)} style=${{"--size": `${size}px`}}>
      ${
        hasPicture
          ? html`<img src=${user.avatar} alt="" loading="lazy" onError=${() => setBroken(user.avatar)} />`
          : html`<span aria-hidden="true">${initialOf(user.display_name)}</span>`
      }
      ${state && html`<span class="dot" data-state=${state} role="img" aria-label=${t(`ui.presence_${state}`)} />`}
    </span>
  `;
}

const initialOf = (name) => ([...(name ?? "")][0] ?? "?").toUpperCase();

/** The same colour for the same id, everywhere. */
const hueOf = (id) => [...String(id)].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7) % HUES;
