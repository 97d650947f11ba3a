// Who has read a message of one's own in a group, and who has not.

import {closeDialog} from "#js/chat/dialogs.js";
import {Whose} from "#js/chat/people/whose.js";
import {count} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Dialog} from "#js/ui/dialog.js";

export function ReadersDialog({conversation, message}) {
  const readers = conversation.readersOf(message);
  const others = conversation.others.filter((member) => !readers.includes(member));
  return html`
    <${Dialog} title=${t("thread.readers")} size="small" onClose=${closeDialog}>
      <${People} title=${t("thread.have_read", {count: count(readers.length)})} people=${readers} />
      <${People} title=${t("thread.have_not_read", {count: count(others.length)})} people=${others} />
    <//>
  `;
}

const People = ({title, people}) =>
  people.length > 0 &&
  html`
    <section class="readers">
      <h3>${title}</h3>
      <ul class="list" aria-label=${title}>
        ${people.map((member) => html`<li key=${member.id}><${Whose} user=${member} /></li>`)}
      </ul>
    </section>
  `;
