// Chat: friends beside the conversation that is open.

import {useApp} from "#js/app.js";
import {html} from "#js/core/view.js";

export function View() {
  const {friends} = useApp();
  return html`<ul>
    ${friends.list.value.map((friend) => html`<li key=${friend.id} data-friend=${friend.username}>${friend.display_name}</li>`)}
  </ul>`;
}
