// A long press of a finger, or a right click: what asks for a menu.

import {useEffect, useRef} from "#js/core/view.js";

const LONG_MS = 500;
const STILL_PX = 10;

/** Return the listeners that call `ask(event)`, with the place in `clientX` and `clientY`. */
export function useLongPress(ask) {
  const press = useRef({timer: 0, isOver: false});
  const end = () => clearTimeout(press.current.timer);
  useEffect(() => end, []);
  return {
    onContextMenu: (event) => {
      end();
      ask(event);
    },
    onTouchStart: (event) => {
      const {clientX, clientY} = event.touches[0];
      press.current = {clientX, clientY, isOver: false, timer: setTimeout(() => fire(press.current, ask), LONG_MS)};
    },
    onTouchMove: ({touches: [{clientX, clientY}]}) => {
      const began = press.current;
      if (Math.hypot(clientX - began.clientX, clientY - began.clientY) > STILL_PX) {
        end();
      }
    },
    onTouchEnd: (event) => {
      end();
      if (press.current.isOver) {
        event.preventDefault(); // the finger that leaves the menu does not follow the link
      }
    },
    onTouchCancel: end,
  };
}

function fire(press, ask) {
  press.isOver = true;
  ask({clientX: press.clientX, clientY: press.clientY, preventDefault: () => {}});
}
