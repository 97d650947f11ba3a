// A list that goes on by itself: it shows its end while somebody is there, and stays where they have scrolled to.

import {useLayoutEffect, useRef} from "#js/core/view.js";

const NEAR_PX = 40;

/** Return what the element that scrolls gets. */
export function useFollowedEnd() {
  const ref = useRef(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (isAtEnd.current) {
      ref.current.scrollTop = ref.current.scrollHeight;
    }
  });
  const onScroll = ({currentTarget: {scrollTop, scrollHeight, clientHeight}}) => {
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
  };
  return {ref, onScroll};
}
