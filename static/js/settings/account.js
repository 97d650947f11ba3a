// Who one is to others: name, picture, language.

import {chooseLanguage, chosenLanguage, showLanguage} from "#js/core/texts.js";
import {scaled} from "#js/settings/picture.js";

export class Account {
  #session;

  constructor({session, live}) {
    this.#session = session;
    live.on("profile_updated", ({user}) => user.id === session.user.value?.id && session.changed(user));
    this.#agreeOnLanguage();
  }

  rename(name) {
    return this.#change({display_name: name});
  }

  /** Show a picture, made small first, which leaves out what a camera has written into it; null shows none. */
  async showPicture(picture) {
    if (!picture) {
      return this.#change({avatar: null});
    }
    const form = new FormData();
    form.append("file", await scaled(picture), "avatar.jpg");
    const {file} = await this.#session.upload("/files", form);
    return this.#change({avatar: file.id});
  }

  changePassword(before, after) {
    return this.#session.request("PATCH", "/users/me/password", {old_password: before, new_password: after});
  }

  /** Speak a language here, and wherever nothing else was chosen. */
  async speak(language) {
    chooseLanguage(language);
    await this.#change({locale: language});
  }

  async #change(change) {
    this.#session.changed(await this.#session.request("PATCH", "/users/me", change));
  }

  /** What was chosen in this browser holds at the server as well, else what the server knows holds here. */
  #agreeOnLanguage() {
    const {locale} = this.#session.user.value;
    const chosen = chosenLanguage();
    if (chosen && chosen !== locale) {
      this.#change({locale: chosen}).catch(() => {}); // tried again at the next sign-in
    } else if (locale && !chosen) {
      showLanguage(locale).catch(() => {});
    }
  }
}
