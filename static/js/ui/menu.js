// Menus that pop up: of a button, or where the pointer is.

import {Icon} from "#js/ui/icon.js";
import {classes, html, signal, useLayoutEffect, useRef, useState} from "#js/core/view.js";

const MARGIN = 8;

/**
 * `items` are `{text, icon, run, isDangerous, isDisabled, isChosen}`, or `{heading}` between groups; what is not truthy is left
 * out. `children` is what the button shows instead of an icon.
 */
export function Menu({label, icon = "more", items, children}) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef(null);
  return html`
    <button
      type="button"
      class=${children ? "quiet" : "icon"}
      ref=${button}
      aria-label=${label}
      title=${children ? undefined : label}
      aria-haspopup="menu"
      aria-expanded=${isOpen}
      onClick=${() => setOpen(!isOpen)}
    >
      ${children ?? html`<${Icon} name=${icon} />`}
    </button>
    ${
      isOpen &&
      html`<${Popup}
        label=${label}
        items=${items}
        from=${() => button.current.getBoundingClientRect()}
        opener=${button.current}
        onClose=${() => setOpen(false)}
      />`
    }
  `;
}

const shown = signal(null);

/** Open a menu where the pointer of an event is, as for a right click; not from within a dialog. */
export function showMenu(event, label, items) {
  event.preventDefault();
  const {clientX: x, clientY: y} = event;
  shown.value = {label, items, from: () => new DOMRect(x, y, 0, 0), opener: document.activeElement};
}

/** Where `showMenu` shows; the shell has one. */
export function PointerMenu() {
  const menu = shown.value;
  return menu && html`<${Popup} ...${menu} onClose=${() => (shown.value = null)} />`;
}

function Popup({label, items, from, opener, onClose}) {
  const menu = useRef(null);
  useLayoutEffect(() => {
    const element = menu.current;
    element.showPopover();
    putBeside(element, from());
    choices(element)[0]?.focus();
    const ended = (event) => event.newState === "closed" && onClose();
    element.addEventListener("toggle", ended);
    // A press on the button that opened it closes it there: not here as well, or it would open again.
    const pressed = (event) => !element.contains(event.target) && !opener?.contains(event.target) && onClose();
    document.addEventListener("pointerdown", pressed, true);
    return () => {
      element.removeEventListener("toggle", ended);
      document.removeEventListener("pointerdown", pressed, true);
    };
  }, []);

  function close() {
    opener?.focus();
    onClose();
  }

  return html`
    <div
      class="menu"
      ref=${menu}
      popover="manual"
      role="menu"
      aria-label=${label}
      onKeyDown=${(event) => steer(event, menu.current, close)}
    >
      ${items.filter(Boolean).map((item) => html`<${Item} ...${item} close=${close} />`)}
    </div>
  `;
}

function Item({heading, ...choice}) {
  return heading === undefined
    ? html`<${Choice} ...${choice} />`
    : html`<div class="menu-heading" role="separator">${heading}</div>`;
}

function Choice({text, icon, run, isDangerous, isDisabled, isChosen, close}) {
  const role = isChosen === undefined ? "menuitem" : "menuitemradio";
  return html`
    <button
      type="button"
      role=${role}
      aria-checked=${isChosen}
      tabindex="-1"
      class=${classes({danger: isDangerous})}
      disabled=${isDisabled}
      onClick=${() => {
        close();
        run();
      }}
    >
      ${icon ? html`<${Icon} name=${icon} />` : isChosen !== undefined && html`<${Icon} name="check" />`}
      <span>${text}</span>
    </button>
  `;
}

const choices = (menu) => [...menu.querySelectorAll("button:not(:disabled)")];

/** Arrows, Home, End, the first letter; Escape and Tab close. */
function steer(event, menu, close) {
  const all = choices(menu);
  const at = all.indexOf(document.activeElement);
  const steps = {ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1};
  let next = all[steps[event.key] % all.length];
  if (!next && event.key.length === 1) {
    const following = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    next = following.find(({textContent}) => textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
  }
  if (next) {
    event.preventDefault();
    next.focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation(); // a dialog around it stays
    close();
  }
}

/** Put a menu under what opened it, or above where there is no room, and wholly into the window. */
function putBeside(menu, {left, right, top, bottom}) {
  const {offsetWidth: width, offsetHeight: height} = menu;
  const isLeft = left + width + MARGIN <= innerWidth;
  const isBelow = bottom + height + MARGIN <= innerHeight || top < height + MARGIN;
  const x = isLeft ? left : right - width;
  const y = isBelow ? bottom + 4 : top - height - 4;
  const within = (value, length, space) => Math.max(MARGIN, Math.min(value, space - length - MARGIN));
  menu.style.left = `${within(x, width, innerWidth)}px`;
  menu.style.top = `${within(y, height, innerHeight)}px`;
}
