// Who tries the server: the sign-in of the page, a member who signs in here, or a token that somebody brings.

import {Session, unwrap} from "#js/core/session.js";
import {language} from "#js/core/texts.js";
import {reach} from "#js/core/unreachable.js";
import {signal} from "@preact/signals";

/** `token` and `user` are signals; the token is held here alone, never in an address or in storage. */
export class Identity {
  token = signal("");
  user = signal(null);
  #session = new Session();
  #isFollowing = false;

  constructor() {
    this.#session.addEventListener("renewed", () => this.#follow());
  }

  /** Take over the sign-in of the page in this browser, when there is one. */
  async restore() {
    if (await this.#session.restore().catch(() => false)) {
      this.#isFollowing = true;
      this.#follow();
    }
  }

  #follow() {
    if (this.#isFollowing) {
      this.token.value = this.#session.token;
      this.user.value = this.#session.user.value;
    }
  }

  /** Sign in for this page alone: the cookie of the page in other tabs stays what it is. */
  async signIn(username, password) {
    const [status, answer] = await reach(async () => {
      const response = await fetch("/api/auth/login", {
        method: "POST",
        credentials: "omit",
        headers: {"Content-Type": "application/json", "Accept-Language": language.value},
        body: JSON.stringify({username, password}),
      });
      return [response.status, await response.json()];
    });
    const {access_token: token, user} = unwrap(status, answer);
    this.#take(token, user);
  }

  /** Take a token as it is; what it is worth the server will say. */
  bring(token) {
    this.#take(token.trim(), null);
  }

  /** Be nobody from now on. */
  forget() {
    this.#take("", null);
  }

  #take(token, user) {
    this.#isFollowing = false;
    this.token.value = token;
    this.user.value = user;
  }
}
