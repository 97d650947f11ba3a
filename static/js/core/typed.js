// What is asked for while somebody types: once the typing rests, and of several answers the newest question's.

import {useEffect, useState} from "#js/core/view.js";

/** Return a value as it was when it last stood still for so long. */
export function useRested(value, pauseMs) {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

/** Return what `ask(text)` answers to what was typed, trimmed; null as long as nobody knows. `onProblem` is told of errors. */
export function useAnswer(typed, ask, {pauseMs, onProblem}) {
  const [known, setKnown] = useState({text: "", answer: null});
  const text = typed.trim();
  const rested = useRested(text, pauseMs);
  useEffect(() => {
    if (!rested) {
      return undefined;
    }
    let isWanted = true;
    ask(rested).then(
      (answer) => isWanted && setKnown({text: rested, answer}),
      (error) => isWanted && onProblem(error),
    );
    return () => {
      isWanted = false;
    };
  }, [rested]);
  return text && known.text === text ? known.answer : null;
}
