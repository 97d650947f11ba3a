// The top of a thread: whom it is with, and what else can be done.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {PresenceText} from "#js/chat/people/presence_text.js";
import {Avatar} from "#js/ui/avatar.js";
import {Icon} from "#js/ui/icon.js";

export function Head({conversation, onBack, tools, isSearching, onSearch}) {
  const {friends} = useApp();
  const {friend, title} = conversation;
  const present = friends.list.value.find(({id}) => id === friend?.id)?.presence;
  return html`
    <header class="thread-head">
      ${onBack && html`<button type="button" class="icon thread-back" aria-label=${t("thread.back")} onClick=${onBack}><${Icon} name="back" /></button>`}
      <${Avatar} user=${friend ?? {id: conversation.id ?? "", display_name: title}} size=${36} presence=${present} />
      <div class="thread-title">
        <h2 title=${title}>${title}</h2>
        <p class="hint">${subtitle(conversation, present)}</p>
      </div>
      <button
        type="button"
        class="icon"
        aria-pressed=${isSearching}
        aria-label=${t("thread.search")}
        title=${t("thread.search")}
        onClick=${onSearch}
      >
        <${Icon} name="search" />
      </button>
      ${tools}
    </header>
  `;
}

function subtitle(conversation, presence) {
  if (conversation.isGroup) {
    return t("thread.members", {count: conversation.info.value.member_count});
  }
  return presence ? html`<${PresenceText} presence=${presence} />` : "";
}
