// The form to sign in, or to register.

import {byId, setText} from "./dom.js";
import {Refusal} from "./session.js";
import {onLanguage, t} from "./texts.js";

export class Entrance {
  #session;
  #isRegistering = false;

  constructor(session) {
    this.#session = session;
    byId("entrance-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    byId("switch-mode").addEventListener("click", () => {
      this.#isRegistering = !this.#isRegistering;
      this.tell("");
      this.render();
      byId("username").focus();
    });
    onLanguage(() => this.render());
  }

  /** Show an error, or none. */
  tell(text) {
    setText(byId("entrance-error"), text);
  }

  render() {
    const isRegistering = this.#isRegistering;
    const verb = t(isRegistering ? "page.register" : "page.sign_in");
    setText(byId("entrance-title"), verb);
    setText(byId("enter"), verb);
    setText(byId("switch-mode"), t(isRegistering ? "page.have_account" : "page.no_account"));
    byId("password").autocomplete = isRegistering ? "new-password" : "current-password";
    for (const element of document.querySelectorAll(".only-registering")) {
      element.hidden = !isRegistering;
    }
  }

  async #submit() {
    const [username, password] = [byId("username").value.trim(), byId("password").value];
    if (!username || !password) {
      this.tell(t("page.fill_in"));
      byId(username ? "password" : "username").focus();
      return;
    }
    const button = byId("enter");
    button.disabled = true;
    this.tell("");
    try {
      if (this.#isRegistering) {
        await this.#session.register(username, password, byId("display-name").value.trim());
      } else {
        await this.#session.signIn(username, password);
      }
      byId("entrance-form").reset();
      this.#isRegistering = false;
    } catch (error) {
      this.tell(error instanceof Refusal ? error.message : t("page.unreachable"));
      byId("password").focus();
    }
    button.disabled = false;
  }
}
