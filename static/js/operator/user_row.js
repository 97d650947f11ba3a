// One member as operators see them, and what they can do about them.

import {useApp} from "#js/app.js";
import {ago} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {BanDialog} from "#js/operator/ban_dialog.js";
import {Avatar} from "#js/ui/avatar.js";
import {confirm} from "#js/ui/dialog.js";
import {Menu} from "#js/ui/menu.js";
import {complain, toast} from "#js/ui/toasts.js";

/** `onChanged(id, change)` is told what is different now. */
export function UserRow({user, onChanged}) {
  const {session} = useApp();
  const [isBanning, setBanning] = useState(false);
  const isSelf = user.id === session.user.value.id;
  return html`
    <li class="row" data-user=${user.username}>
      <${Avatar} user=${user} size=${36} />
      <span class="row-main">
        <span class="row-title">${user.display_name}</span>
        <span class="row-text">
          ${user.username} · ${t("operator.joined", {date: ago(user.created_at)})}
          ${user.ban?.reason && html` · ${t("operator.ban_because", {reason: user.ban.reason})}`}
        </span>
      </span>
      <span class="row-end">
        <${Pills} user=${user} isSelf=${isSelf} />
        ${
          !isSelf &&
          html`<${Menu}
            label=${t("operator.actions_for", {name: user.display_name})}
            items=${actionsFor(user, {session, onBan: () => setBanning(true), onChanged})}
          />`
        }
      </span>
      ${
        isBanning &&
        html`<${BanDialog}
          user=${user}
          onBanned=${(reason) => onChanged(user.id, {ban: {reason}})}
          onClose=${() => setBanning(false)}
        />`
      }
    </li>
  `;
}

const Pills = ({user, isSelf}) => html`
  ${isSelf && html`<span class="pill">${t("operator.is_you")}</span>`}
  ${user.role === "operator" && html`<span class="pill" data-kind="good">${t("operator.is_operator")}</span>`}
  ${user.ban && html`<span class="pill" data-kind="bad">${t("operator.is_banned")}</span>`}
`;

/** What can be done now: operators cannot be banned, and who becomes one is banned no longer. */
function actionsFor(user, {session, onBan, onChanged}) {
  const {id, role, ban, display_name: name} = user;
  const setRole = (wanted) => session.request("PATCH", `/users/${id}/role`, {role: wanted});

  async function change(work, done, difference, question) {
    const asked = () =>
      confirm({
        title: t(`operator.ask_${question}`, {name}),
        text: t(`operator.ask_${question}_text`),
        isDangerous: true,
      });
    if (question && !(await asked())) {
      return;
    }
    try {
      await work();
      onChanged(id, difference);
      toast({kind: "good", text: t(done, {name})});
    } catch (error) {
      complain(error);
    }
  }

  const promote = () =>
    change(() => setRole("operator"), "operator.promoted", {role: "operator", ban: undefined}, "promote");
  const demote = () => change(() => setRole("member"), "operator.demoted", {role: "member"}, "demote");
  const unban = () =>
    change(() => session.request("DELETE", `/users/${id}/ban`), "operator.unbanned", {ban: undefined}, null);
  if (role === "operator") {
    return [{text: t("operator.demote"), icon: "user", isDangerous: true, run: demote}];
  }
  return [
    {text: t("operator.promote"), icon: "shield", run: promote},
    ban
      ? {text: t("operator.unban"), icon: "check", run: unban}
      : {text: t("operator.ban"), icon: "mute", isDangerous: true, run: onBan},
  ];
}
