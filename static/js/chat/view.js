// Chat: friends beside the conversation that is open.

import {useApp} from "#js/app.js";
import {Conversation} from "#js/chat/conversation.js";
import {Thread} from "#js/chat/thread/thread.js";
import {go} from "#js/core/router.js";
import {html} from "#js/core/view.js";

const opened = new Map();

export function View({path}) {
  const app = useApp();
  const [first, second] = path;
  const friend = first === "with" ? app.friends.list.value.find((one) => one.id === second) : null;
  const name = friend ? second : first === "with" ? null : first;
  if (name && !opened.has(name)) {
    opened.set(name, new Conversation(app, {id: friend ? null : first, friend}));
  }
  return html`<div class="split" data-pane=${name ? "detail" : "list"}>
    <ul>
      ${app.friends.list.value.map((one) => html`<li key=${one.id} data-friend=${one.username} onClick=${() => go(["chat", "with", one.id])}>${one.display_name}</li>`)}
    </ul>
    ${name ? html`<${Thread} conversation=${opened.get(name)} seq=${friend ? null : Number(second) || null} onBack=${() => go(["chat"])} />` : html`<div />`}
  </div>`;
}
