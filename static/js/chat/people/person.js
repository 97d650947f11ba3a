// Somebody in a list, with what one can do about the friendship.

import {useApp} from "#js/app.js";
import {attempt, block} from "#js/chat/people/actions.js";
import {Whose} from "#js/chat/people/whose.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {Menu} from "#js/ui/menu.js";

/** `note` stands behind the username. */
export function Person({user, note}) {
  const app = useApp();
  const {friends} = app;
  const more = [{text: t("chat.block"), icon: "shield", isDangerous: true, run: () => block(app, user)}];
  return html`
    <div class="row chat-person" data-person=${user.username}>
      <${Whose} user=${user} note=${note} />
      <div class="chat-standing">
        <${Standing} user=${user} />
        ${
          friends.standing(user.id).is === "incoming" &&
          html`<${Menu} label=${t("chat.actions_of", {name: user.display_name})} items=${more} />`
        }
      </div>
    </div>
  `;
}

/** What somebody is to the user, and the buttons that change it. */
export function Standing({user}) {
  const {friends} = useApp();
  const [isBusy, setBusy] = useState(false);
  const {is, request} = friends.standing(user.id);
  const act = async (name, work) => {
    setBusy(true);
    await attempt(work, name);
    setBusy(false);
  };
  const button = (text, name, work, kind = "") => html`
    <button type="button" class=${kind} disabled=${isBusy} onClick=${() => act(name, work)}>${text}</button>
  `;

  switch (is) {
    case "self":
      return html`<span class="hint">${t("chat.you")}</span>`;
    case "friend":
      return html`<a class="button" href=${linkTo("chat", "with", user.id)}>${t("chat.write")}</a>`;
    case "incoming":
      return html`
        ${button(t("chat.accept"), "accept", () => friends.accept(request), "primary")}
        ${button(t("chat.decline"), "decline", () => friends.decline(request))}
      `;
    case "outgoing":
      return html`<span class="hint">${t("chat.waiting")}</span>
        ${button(t("chat.withdraw"), "withdraw", () => friends.withdraw(request), "quiet")}`;
    case "blocked":
      return html`<span class="hint">${t("chat.blocked")}</span>
        ${button(t("chat.unblock"), "unblock", () => friends.unblock(user.id))}`;
    default:
      return button(t("chat.ask"), "ask", () => friends.ask(user.username), "primary");
  }
}
