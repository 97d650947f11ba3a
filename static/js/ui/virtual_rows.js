// Thousands of rows of one height, of which only those in view are drawn.

import {html, useLayoutEffect, useRef, useState} from "#js/core/view.js";

const BEYOND = 8; // rows drawn above and below the view, so that scrolling does not show gaps

/** `renderRow(index)` draws the content of one row; `shown` is the index of one to be brought into view. */
export function VirtualRows({count, rowHeight, renderRow, label, shown}) {
  const view = useRef(null);
  const [{first, last}, setRange] = useState({first: 0, last: 40});

  function measure() {
    const {scrollTop, clientHeight} = view.current;
    const from = Math.max(0, Math.floor(scrollTop / rowHeight) - BEYOND);
    const to = Math.ceil((scrollTop + clientHeight) / rowHeight) + BEYOND;
    setRange((before) => (before.first === from && before.last === to ? before : {first: from, last: to}));
  }

  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    observer.observe(view.current);
    return () => observer.disconnect();
  }, [rowHeight]);
  useLayoutEffect(() => bringIntoView(view.current, shown, rowHeight), [shown]);
  useLayoutEffect(measure, [count]);

  const indices = Array.from({length: Math.max(0, Math.min(last, count) - first)}, (_, offset) => first + offset);
  return html`
    <div class="virtual" ref=${view} tabindex="0" role="list" aria-label=${label} onScroll=${measure}>
      <div class="virtual-rows" role="presentation" style=${{height: `${count * rowHeight}px`}}>
        ${indices.map(
          (index) => html`
            <div
              key=${index}
              class="virtual-row"
              role="listitem"
              aria-setsize=${count}
              aria-posinset=${index + 1}
              style=${{top: `${index * rowHeight}px`, height: `${rowHeight}px`}}
            >
              ${renderRow(index)}
            </div>
          `,
        )}
      </div>
    </div>
  `;
}

function bringIntoView(view, index, rowHeight) {
  if (index == null || index < 0) {
    return;
  }
  const top = index * rowHeight;
  if (top < view.scrollTop) {
    view.scrollTop = top;
  } else if (top + rowHeight > view.scrollTop + view.clientHeight) {
    view.scrollTop = top + rowHeight - view.clientHeight;
  }
}
