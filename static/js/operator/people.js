// Members: making operators of them, or none any more, and keeping somebody out.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {BanDialog} from "#js/operator/ban_dialog.js";
import {useUsers} from "#js/operator/user_picker.js";
import {Avatar} from "#js/ui/avatar.js";
import {confirm} from "#js/ui/dialog.js";
import {SearchField} from "#js/ui/field.js";
import {Menu} from "#js/ui/menu.js";
import {Empty, Loading} from "#js/ui/state.js";
import {complain, toast} from "#js/ui/toasts.js";

export function People() {
  const [query, setQuery] = useState("");
  const [banned, setBanned] = useState(null);
  const users = useUsers(query);
  return html`
    <div class="operator-tools">
      <${SearchField} label=${t("operator.search_people")} value=${query} onInput=${setQuery} />
    </div>
    ${
      !query.trim()
        ? html`<${Empty} icon="users" title=${t("operator.people_title")} text=${t("operator.people_text")} />`
        : !users
          ? html`<${Loading} />`
          : users.length
            ? html`<ul class="list operator-people">
                ${users.map((user) => html`<${Person} key=${user.id} user=${user} onBan=${() => setBanned(user)} />`)}
              </ul>`
            : html`<${Empty} icon="search" title=${t("operator.nobody_found")} />`
    }
    ${banned && html`<${BanDialog} user=${banned} onClose=${() => setBanned(null)} />`}
  `;
}

function Person({user, onBan}) {
  const {session} = useApp();

  async function change(work, question, done) {
    const name = user.display_name;
    if (
      question &&
      !(await confirm({
        title: t(`operator.ask_${question}`, {name}),
        text: t(`operator.ask_${question}_text`),
        isDangerous: true,
      }))
    ) {
      return;
    }
    try {
      await work();
      toast({kind: "good", text: t(done, {name})});
    } catch (error) {
      complain(error);
    }
  }

  const role = (name) => () => session.request("PATCH", `/users/${user.id}/role`, {role: name});
  const items = [
    {
      text: t("operator.promote"),
      icon: "shield",
      run: () => change(role("operator"), "promote", "operator.promoted"),
    },
    {
      text: t("operator.demote"),
      icon: "user",
      run: () => change(role("member"), "demote", "operator.demoted"),
    },
    {text: t("operator.ban"), icon: "mute", isDangerous: true, run: onBan},
    {
      text: t("operator.unban"),
      icon: "check",
      run: () => change(() => session.request("DELETE", `/users/${user.id}/ban`), null, "operator.unbanned"),
    },
  ];
  return html`
    <li class="row" data-user=${user.username}>
      <${Avatar} user=${user} size=${36} />
      <span class="row-main"
        ><span class="row-title">${user.display_name}</span><span class="row-text">${user.username}</span></span
      >
      <span class="row-end"
        ><${Menu} label=${t("operator.actions_for", {name: user.display_name})} items=${items}
      /></span>
    </li>
  `;
}
