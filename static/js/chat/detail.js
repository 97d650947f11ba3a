// What stands beside the list: a conversation, the people, or what to do first.

import {useApp} from "#js/app.js";
import {actionsOf} from "#js/chat/list/row_actions.js";
import {PeoplePane} from "#js/chat/people/people_pane.js";
import {Thread} from "#js/chat/thread/thread.js";
import {together} from "#js/core/follow.js";
import {go} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useComputed, useEffect, useMemo} from "#js/core/view.js";
import {Menu} from "#js/ui/menu.js";
import {Empty, State} from "#js/ui/state.js";

const goBack = () => go(["chat"]);

export function Detail({path, row}) {
  const {conversations} = useApp();
  const {following, list} = conversations;
  const isNew = useComputed(() => following.state.value === "ready" && !list.value.length);
  let content = html`<${Chosen} path=${path} row=${row} />`;
  if (path[0] === "people" || (!path.length && isNew.value)) {
    content = html`<${PeoplePane} query=${path[1] ?? ""} />`;
  } else if (!path.length) {
    content = html`<${Empty} icon="chat" title=${t("chat.choose")} text=${t("chat.choose_hint")} />`;
  }
  return html`<section class="detail">${content}</section>`;
}

function Chosen({path, row}) {
  const {conversations, friends} = useApp();
  const following = useMemo(() => together(conversations.following, friends.following), [conversations, friends]);
  const isReady = following.state.value === "ready";
  // Who was removed from a group while it is open still sees what was there.
  const conversation =
    isReady && (row && !row.id ? conversations.openWith(row.user.id) : conversations.open(row?.id ?? path[0]));
  useEffect(() => {
    if (row?.id && path[0] === "with") {
      go(["chat", row.id], {replace: true}); // one that has begun goes on under its own name
    }
  }, [row?.id, path[0]]);
  const tools = useMemo(() => row && html`<${Tools} row=${row} />`, [row]); // or the thread is drawn for all news of the list
  const empty = {
    icon: "chat",
    title: t("chat.gone"),
    text: t("chat.gone_hint"),
    action: {text: t("chat.back"), run: goBack},
  };
  return html`
    <${State} following=${following} isEmpty=${!conversation} empty=${empty}>
      ${
        conversation &&
        html`<${Thread}
          key=${row?.key ?? path[0]}
          conversation=${conversation}
          seq=${Number(path[1]) || undefined}
          onBack=${goBack}
          tools=${tools}
        />`
      }
    <//>
  `;
}

function Tools({row}) {
  const app = useApp();
  return html`<${Menu} label=${t("chat.actions_of", {name: row.title})} items=${actionsOf(app, row)} />`;
}
