// Who is signed in. The access token lives in this object alone; the cookie that renews it is the browser's.

import {signal} from "@preact/signals";
import {exclusively} from "#js/core/exclusively.js";
import {language} from "#js/core/texts.js";
import {reach} from "#js/core/unreachable.js";
import {upload} from "#js/core/upload.js";

const RENEW_BEFORE_MS = 60_000;
const RETRY_MS = 10_000;
const PATIENCE_MS = 15_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LOCK = "refresh";

/** What the server refused: `code` is its slug, `message` is for people, `details` are what else it said (`retry_after`). */
export class Refusal extends Error {
  constructor(code, message, details = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

const LASTING = new Set(["forbidden", "invalid_input", "not_found", "not_friends"]);

/** Whether asking the same again would be refused again. */
export const isLasting = (error) => error instanceof Refusal && LASTING.has(error.code);

/** `user` is a signal of who is signed in, or null. Event: "renewed" when there is a new token. */
export class Session extends EventTarget {
  user = signal(null);
  token = null;
  #renewAt = Infinity;
  #timer = 0;
  #renewing = null;
  #tabs = new BroadcastChannel("stock-insight-session");

  constructor() {
    super();
    this.#tabs.onmessage = ({data}) => (data === "left" ? this.#leave() : this.restore().catch(() => {}));
    // Timers sleep with the tab.
    document.addEventListener("visibilitychange", () => this.#renewIfDue());
  }

  /** Continue the sign-in that the cookie stands for; tell whether there was one. */
  async restore() {
    try {
      await this.renew();
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
    }
    return this.user.value !== null;
  }

  async signIn(username, password) {
    this.#enter(await this.#call("POST", "/auth/login", {username, password}));
    this.#tabs.postMessage("entered");
  }

  async register(username, password, displayName) {
    const body = {username, password, ...(displayName ? {display_name: displayName} : {})};
    this.#enter(await this.#call("POST", "/auth/register", body));
    this.#tabs.postMessage("entered");
  }

  /** Sign out here, or `everywhere` this person is signed in; `before` is called when it is done, before the page goes. */
  async signOut({everywhere = false, before} = {}) {
    try {
      await (everywhere ? this.request("POST", "/auth/logout_all") : this.#call("POST", "/auth/logout"));
    } catch (error) {
      if (error.code !== "unauthorized") {
        throw error; // still signed in, and the page must not say otherwise
      }
    }
    before?.();
    this.#leave();
    this.#tabs.postMessage("left");
  }

  /** Take that the signed-in user has another name or picture now. */
  changed(user) {
    this.user.value = {...this.user.value, avatar: undefined, ...user}; // who has no picture has no such field
  }

  /** Get a new access token; calls that come meanwhile share one request. Refusal: the sign-in has ended. */
  renew() {
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /**
   * Call the REST API as the signed-in user; an access token that has run out is renewed once. `isLast`: it is made all the
   * same when the page goes.
   */
  request(method, path, body, options) {
    return this.#withToken(() => this.#call(method, path, body, options));
  }

  /** Send a form with files; `onProgress` is told the part that has been sent, 0 to 1, `signal` may abort it. */
  upload(path, form, {onProgress, signal: abort} = {}) {
    return this.#withToken(async () => {
      const {status, text} = await upload(`/api${path}`, form, {headers: this.#headers(), onProgress, signal: abort});
      return unwrap(status, JSON.parse(text));
    });
  }

  async #withToken(call) {
    try {
      return await call();
    } catch (error) {
      if (error.code !== "unauthorized") {
        throw error;
      }
      await this.renew();
      return call();
    }
  }

  async #renewOnce() {
    try {
      // A refresh token works once: tabs take turns, each with the cookie that the one before it was given.
      this.#enter(await exclusively(LOCK, () => this.#call("POST", "/auth/refresh")));
    } catch (error) {
      if (error.code === "unauthorized") {
        this.#leave();
      } else {
        this.#renewAfter(RETRY_MS);
      }
      throw error;
    }
  }

  #enter({access_token: token, expires_in: seconds, user}) {
    const before = this.user.value;
    if (before && before.id !== user.id) {
      location.reload(); // another tab has signed in as somebody else: the cookie is theirs
      return;
    }
    this.token = token;
    this.user.value = user;
    this.#renewAfter(Math.max(seconds * 1000 - RENEW_BEFORE_MS, seconds * 500));
    if (before) {
      this.dispatchEvent(new Event("renewed"));
    }
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#renewAt = Infinity;
    this.token = null;
    this.user.value = null;
  }

  #renewAfter(milliseconds) {
    clearTimeout(this.#timer);
    this.#renewAt = Date.now() + milliseconds;
    this.#timer = setTimeout(() => this.#renewIfDue(), Math.min(milliseconds, LONGEST_TIMER_MS));
  }

  #renewIfDue() {
    if (this.user.value && Date.now() >= this.#renewAt) {
      this.renew().catch(() => {}); // tried again later, or signed out: both are told elsewhere
    }
  }

  #headers() {
    const headers = {"Accept-Language": language.value};
    return this.token ? {...headers, Authorization: `Bearer ${this.token}`} : headers;
  }

  async #call(method, path, body, {headers: more, isLast = method === "DELETE"} = {}) {
    const headers = {...this.#headers(), ...more};
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
    }
    const [status, answer] = await reach(async () => {
      const given = await fetch(`/api${path}`, {
        method,
        headers,
        body: body && JSON.stringify(body),
        keepalive: isLast,
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return [given.status, await given.json()];
    });
    return unwrap(status, answer);
  }
}

/** Return the data of an answer of the REST API, or throw its Refusal. */
export function unwrap(status, {message, data}) {
  if (status >= 400) {
    throw new Refusal(data?.error ?? String(status), message, data ?? {});
  }
  return data;
}
