// Sharing what stands in the forms: as a link, which the address bar has from then on.

import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {address} from "#js/diagnostics/direct/form_state.js";
import {Icon} from "#js/ui/icon.js";
import {toast} from "#js/ui/toasts.js";

export const CopyLink = () => html`
  <button id="copy-link" type="button" onClick=${copy}><${Icon} name="copy" />${t("diagnostics.copy_link")}</button>
`;

async function copy() {
  history.replaceState(null, "", address());
  try {
    await navigator.clipboard.writeText(location.href);
    toast({kind: "good", text: t("diagnostics.link_copied")});
  } catch {
    toast({kind: "info", text: t("diagnostics.link_shown")}); // pages without TLS have no clipboard
  }
}
