// Putting the rows of a list in order by a handle: dragged with a finger or a mouse, or moved with the arrow keys.

import {useRef, useState} from "#js/core/view.js";

/**
 * Return `{dragged, over, handle}`: the index that is dragged, the one it is over, and `handle(index)`, what the handle of
 * a row gets. Rows have `data-index`. `onMove(from, to)` is told once, at the end.
 */
export function useReordering(count, onMove) {
  const [drag, setDrag] = useState(null);
  const current = useRef(null);
  const put = (next) => {
    current.current = next;
    setDrag(next);
  };

  function move(event) {
    if (current.current) {
      const row = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-index]");
      put({...current.current, over: row ? Number(row.dataset.index) : current.current.over});
    }
  }

  function end(isWanted) {
    const {dragged, over} = current.current ?? {};
    put(null);
    if (isWanted && dragged !== over) {
      onMove(dragged, over);
    }
  }

  function press(event, index) {
    const to = index + ({ArrowUp: -1, ArrowDown: 1}[event.key] ?? 0);
    if (to !== index && to >= 0 && to < count) {
      event.preventDefault();
      onMove(index, to);
    }
  }

  const handle = (index) => ({
    onPointerDown: (event) => {
      event.target.setPointerCapture(event.pointerId);
      put({dragged: index, over: index});
    },
    onPointerMove: move,
    onPointerUp: () => end(true),
    onPointerCancel: () => end(false),
    onKeyDown: (event) => press(event, index),
  });
  return {dragged: drag?.dragged ?? null, over: drag?.over ?? null, handle};
}
