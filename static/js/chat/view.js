// Chat: friends beside the conversation that is open.

import {useApp} from "#js/app.js";
import {Conversation} from "#js/chat/conversation.js";
import {Thread} from "#js/chat/thread/thread.js";
import {go} from "#js/core/router.js";
import {html} from "#js/core/view.js";

const opened = new Map();

export function View({path}) {
  const app = useApp();
  const [, id] = path;
  const friend = app.friends.list.value.find((one) => one.id === id);
  if (friend && !opened.has(id)) {
    opened.set(id, new Conversation(app, {friend}));
  }
  return html`<div class="split" data-pane=${friend ? "detail" : "list"}>
    <ul>
      ${app.friends.list.value.map((one) => html`<li key=${one.id} data-friend=${one.username} onClick=${() => go(["chat", "with", one.id])}>${one.display_name}</li>`)}
    </ul>
    ${friend ? html`<${Thread} conversation=${opened.get(id)} onBack=${() => go(["chat"])} />` : html`<div />`}
  </div>`;
}
