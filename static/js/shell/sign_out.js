// Signing out on purpose: what was written and not sent does not stay in a browser that others may use.

import {t} from "#js/core/texts.js";
import {confirm} from "#js/ui/dialog.js";
import {complain} from "#js/ui/toasts.js";

/** Sign out, `everywhere` or here; what has not been sent is given up, but not without asking `ask`. */
export async function signOut({session, drafts, outbox, uploads}, {everywhere = false, ask = confirm} = {}) {
  const count = outbox.list.value.length + uploads.list.value.length;
  const question = {
    title: t("page.sign_out_unsent"),
    text: t("page.sign_out_unsent_text", {count}),
    action: t("page.sign_out"),
    isDangerous: true,
  };
  if (count && !(await ask(question))) {
    return;
  }
  const forget = () => {
    [outbox, uploads].forEach((holder) => holder.list.value.forEach(({id}) => holder.discard(id)));
    drafts.all.value = {};
  };
  await session.signOut({everywhere, before: forget}).catch(complain);
}
