// A form that saves something: busy while it does, what went wrong beside it.

import {useState} from "#js/core/view.js";
import {problemText} from "#js/ui/problems.js";

/** Return `{isBusy, error, save}`: `save(work)` runs it and tells whether it went well. */
export function useSaving() {
  const [{isBusy, error}, set] = useState({isBusy: false, error: ""});
  async function save(work) {
    set({isBusy: true, error: ""});
    try {
      await work();
      set({isBusy: false, error: ""});
      return true;
    } catch (problem) {
      set({isBusy: false, error: problemText(problem)});
      return false;
    }
  }
  return {isBusy, error, save};
}
