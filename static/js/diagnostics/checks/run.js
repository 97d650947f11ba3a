// Running checks one after the other, and what came of each.

import {t} from "#js/core/texts.js";
import {signal} from "@preact/signals";

export const PATIENCE_MS = 10_000;

/** A check that did not hold: what was seen, and which advice helps when it is not that of the check. */
export class Failure extends Error {
  constructor(seen, advice) {
    super(seen);
    this.advice = advice;
  }
}

/**
 * `checks` are `{name, run, advice, needsToken, isSlow, patience}`; `run({token, later})` returns what is worth telling, or throws, and
 * gives `later` what is to be done at its end. `results` is a signal of `{<name>: {state, milliseconds, seen, advice}}` with
 * the states "waiting", "running", "green", "red" and "skipped".
 */
export class CheckRun {
  results = signal({});
  isRunning = signal(false);
  #checks;
  #identity;

  constructor(checks, identity) {
    this.#checks = checks;
    this.#identity = identity;
  }

  /** Try everything; the slow ones, which only wait, begin first and go on beside the others. */
  async all() {
    this.isRunning.value = true;
    this.results.value = Object.fromEntries(this.#checks.map(({name}) => [name, {state: "waiting"}]));
    try {
      const slow = this.#checks.filter(({isSlow}) => isSlow).map((check) => this.#try(check));
      for (const check of this.#checks.filter(({isSlow}) => !isSlow)) {
        await this.#try(check);
      }
      await Promise.all(slow);
    } finally {
      this.isRunning.value = false;
    }
  }

  /** Try one of them alone. */
  one(name) {
    return this.#try(this.#checks.find((check) => check.name === name));
  }

  /** How many ended in a state. */
  count(state) {
    return Object.values(this.results.value).filter((result) => result.state === state).length;
  }

  async #try(check) {
    const token = this.#identity.token.value;
    if (check.needsToken && !token) {
      this.#tell(check, {state: "skipped", seen: t("diagnostics.needs_token")});
      return;
    }
    this.#tell(check, {state: "running"});
    const begun = performance.now();
    const outcome = await attempt(check, token);
    this.#tell(check, {...outcome, milliseconds: performance.now() - begun});
  }

  #tell({name}, result) {
    this.results.value = {...this.results.value, [name]: result};
  }
}

async function attempt(check, token) {
  const endings = [];
  const patience = check.patience ?? PATIENCE_MS;
  let timer = 0;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failure(t("diagnostics.nothing_came", {seconds: patience / 1000}))), patience);
  });
  try {
    const work = check.run({token, later: (end) => endings.push(end)});
    return {state: "green", seen: await Promise.race([work, tooLate])};
  } catch (error) {
    return {
      state: "red",
      seen: hidden(error.message, token),
      advice: t(`diagnostics.advice_${error.advice ?? check.advice}`),
    };
  } finally {
    clearTimeout(timer);
    await Promise.allSettled(endings.reverse().map(async (end) => end()));
  }
}

/** A report may be shown to others: no token stands in it. */
const hidden = (text, token) => (token ? text.replaceAll(token, "…") : text);
