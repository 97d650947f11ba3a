// Tabs: one of a few views of the same thing.

import {count as counted} from "#js/core/format.js";
import {html} from "#js/core/view.js";

const STEPS = {ArrowRight: 1, ArrowLeft: -1};

/** `tabs` are `{name, text, count}`; `onChoose(name)` is told of another choice. */
export function Tabs({label, tabs, chosen, onChoose}) {
  const at = Math.max(0, tabs.findIndex(({name}) => name === chosen)); // where none is chosen, the keys begin at the first
  function steer(event) {
    const ends = {Home: 0, End: tabs.length - 1};
    const next = ends[event.key] ?? (event.key in STEPS ? (at + STEPS[event.key] + tabs.length) % tabs.length : null);
    if (next !== null) {
      event.preventDefault();
      onChoose(tabs[next].name);
      event.currentTarget.children[next].focus();
    }
  }

  return html`
    <div class="tabs" role="tablist" aria-label=${label} onKeyDown=${steer}>
      ${tabs.map(
        ({name, text, count}, index) => html`
          <button
            key=${name}
            type="button"
            role="tab"
            data-tab=${name}
            ref=${name === chosen ? reveal : null}
            aria-selected=${name === chosen}
            tabindex=${index === at ? 0 : -1}
            onClick=${() => onChoose(name)}
          >
            ${text}${count > 0 && html`<span class="badge quiet">${counted(count)}</span>`}
          </button>
        `,
      )}
    </div>
  `;
}

/** Bring the chosen one into view where there are more than fit; nothing around the tabs moves. */
function reveal(button) {
  if (button) {
    const list = button.parentElement;
    list.scrollLeft = button.offsetLeft - list.offsetLeft - (list.clientWidth - button.offsetWidth) / 2;
  }
}
