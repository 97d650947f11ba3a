// Who is signed in. The access token lives in this object alone; the cookie that renews it is the browser's.

import {signal} from "@preact/signals";
import {language} from "#js/core/texts.js";

const RENEW_BEFORE_MS = 60_000;
const RETRY_MS = 10_000;
const PATIENCE_MS = 15_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LOCK = "stock-insight-refresh";

/** What the server refused: `code` is its slug, `message` is for people. */
export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** `user` is a signal of who is signed in, or null. Event: "renewed" when there is a new token. */
export class Session extends EventTarget {
  user = signal(null);
  token = null;
  #renewAt = Infinity;
  #timer = 0;
  #renewing = null;

  constructor() {
    super();
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
  }

  async register(username, password, displayName) {
    const body = {username, password, ...(displayName ? {display_name: displayName} : {})};
    this.#enter(await this.#call("POST", "/auth/register", body));
  }

  async signOut() {
    try {
      await this.#call("POST", "/auth/logout");
    } catch (error) {
      if (error.code !== "unauthorized") {
        throw error; // still signed in, and the page must not say otherwise
      }
    }
    this.#leave();
  }

  /** Get a new access token; calls that come meanwhile share one request. Refusal: the sign-in has ended. */
  renew() {
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** Call the REST API as the signed-in user; an access token that has run out is renewed once. */
  async request(method, path, body) {
    try {
      return await this.#call(method, path, body);
    } catch (error) {
      if (error.code !== "unauthorized") {
        throw error;
      }
      await this.renew();
      return this.#call(method, path, body);
    }
  }

  async #renewOnce() {
    try {
      // A refresh token works once: tabs take turns, each with the cookie that the one before it was given.
      this.#enter(await exclusively(() => this.#call("POST", "/auth/refresh")));
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

  async #call(method, path, body) {
    const headers = {"Accept-Language": language.value};
    if (this.token) {
      headers.Authorization = `Bearer ${this.token}`;
    }
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
    }
    const answer = await fetch(`/api${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return unwrap(answer.status, await answer.json());
  }
}

/** Return the data of an answer of the REST API, or throw its Refusal. */
export function unwrap(status, {message, data}) {
  if (status >= 400) {
    throw new Refusal(data?.error ?? String(status), message);
  }
  return data;
}

/** Run `work` while no other tab does; browsers hide locks from pages without TLS. */
const exclusively = (work) => (navigator.locks ? navigator.locks.request(LOCK, work) : work());
