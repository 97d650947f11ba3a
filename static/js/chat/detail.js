// What stands beside the list: a conversation, the people, or what to do first.

import {useApp} from "#js/app.js";
import {PeoplePane} from "#js/chat/people/people_pane.js";
import {ConversationHead} from "#js/chat/head.js";
import {Thread} from "#js/chat/thread/thread.js";
import {together} from "#js/core/follow.js";
import {go} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useMemo} from "#js/core/view.js";
import {Empty, State} from "#js/ui/state.js";

export function Detail({path, row}) {
  const {conversations, friends} = useApp();
  const following = useMemo(() => together(conversations.following, friends.following), [conversations, friends]);
  if (path[0] === "people") {
    return html`<section class="detail"><${PeoplePane} query=${path[1] ?? ""} /></section>`;
  }
  if (!path.length) {
    return html`
      <section class="detail">
        <${Empty} icon="chat" title=${t("chat.choose")} text=${t("chat.choose_hint")} />
      </section>
    `;
  }
  const empty = {icon: "chat", title: t("chat.gone"), text: t("chat.gone_hint"), action: {text: t("chat.back"), run: () => go(["chat"])}};
  return html`
    <section class="detail">
      <${State} following=${following} isEmpty=${!row} empty=${empty}>
        ${row && html`<${OpenConversation} key=${row.key} row=${row} path=${path} />`}
      <//>
    </section>
  `;
}

function OpenConversation({row, path}) {
  const {conversations} = useApp();
  const conversation = row.id ? conversations.open(row.id) : conversations.openWith(row.user.id);
  // One that has just begun, or was asked for by the friend's name, goes on under its own.
  useEffect(() => {
    if (row.id && path[0] === "with") {
      go(["chat", row.id], {replace: true});
    }
  }, [row.id, path[0]]);
  return html`
    <${ConversationHead} row=${row} />
    <${Thread} key=${row.key} conversation=${conversation} />
  `;
}
