// What the page is about, and who has it: the session, the connection, and the models of who is signed in.

import {Live} from "#js/core/live.js";
import {Session} from "#js/core/session.js";
import {createContext, signal, useContext} from "#js/core/view.js";
import {MODELS} from "#js/models.js";
import {CaughtUp} from "#js/shell/caught_up.js";

export class App {
  session = new Session();
  live = new Live(this.session);
  /** What came while the connection was away: models that catch up add to it. */
  caughtUp = new CaughtUp(this.live);
  /** Whether the models are there: from the sign-in on. Signing out loads the page anew, so that nothing private stays. */
  isReady = signal(false);
  /** Why nobody knows whether somebody is signed in: the server did not answer. */
  problem = signal(null);

  constructor() {
    this.session.user.subscribe((user) => {
      if (user && !this.isReady.value) {
        this.#enter();
      } else if (!user && this.isReady.value) {
        this.isReady.value = false;
        location.reload();
      }
    });
  }

  /** Go on as who was signed in last time. */
  async restore() {
    try {
      await this.session.restore();
      this.problem.value = null;
    } catch (problem) {
      this.problem.value = problem;
    }
  }

  #enter() {
    for (const [name, Model] of Object.entries(MODELS)) {
      this[name] = new Model(this);
    }
    this.isReady.value = true;
    this.live.start();
  }

  /** Who is signed in: `{id, username, display_name, role, …}`. */
  get me() {
    return this.session.user.value;
  }
}

const AppContext = createContext(null);
export const AppProvider = AppContext.Provider;
export const useApp = () => useContext(AppContext);
