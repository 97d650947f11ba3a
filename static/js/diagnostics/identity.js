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
  #refresh = null;

  constructor() {
    this.#session.addEventListener("renewed", () => this.#follow());
  }

  /** Take over the sign-in of the page in this browser, when there is one. */
  async restore() {
    if ((await this.#session.restore().catch(() => false)) && !this.token.value) {
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
    const {access_token: token, refresh_token: refresh, user} = await post("login", {username, password});
    this.#take(token, user);
    this.#refresh = refresh;
  }

  /** Take a token as it is; what it is worth the server will say. */
  bring(token) {
    this.#take(token.trim(), null);
  }

  /** Be nobody from now on; what was opened by a sign-in here ends. */
  forget() {
    if (this.#refresh) {
      post("logout", {refresh_token: this.#refresh}, this.token.value).catch(() => {}); // it ends by itself, later
    }
    this.#take("", null);
  }

  #take(token, user) {
    this.#isFollowing = false;
    this.#refresh = null;
    this.token.value = token;
    this.user.value = user;
  }
}

/** Call what signs in and out, without the cookie. */
async function post(call, body, token) {
  const [status, answer] = await reach(async () => {
    const response = await fetch(`/api/auth/${call}`, {
      method: "POST",
      credentials: "omit",
      headers: {
        "Content-Type": "application/json",
        "Accept-Language": language.value,
        ...(token && {Authorization: `Bearer ${token}`}),
      },
      body: JSON.stringify(body),
    });
    return [response.status, await response.json()];
  });
  return unwrap(status, answer);
}
