// The direct test: a client steered by hand, with everything that goes over the wire.

import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {DirectClient} from "#js/diagnostics/direct/client.js";
import {ConnectForm} from "#js/diagnostics/direct/connect_form.js";
import {CopyLink} from "#js/diagnostics/direct/copy_link.js";
import {takeLink} from "#js/diagnostics/direct/form_state.js";
import {Inspector} from "#js/diagnostics/direct/inspector.js";
import {Latency} from "#js/diagnostics/direct/latency.js";
import {Log} from "#js/diagnostics/direct/log.js";
import {LogView} from "#js/diagnostics/direct/log_view.js";
import {RawConnection} from "#js/diagnostics/direct/raw.js";
import {RawForm} from "#js/diagnostics/direct/raw_form.js";
import {SendForm} from "#js/diagnostics/direct/send_form.js";
import {TokenView} from "#js/diagnostics/direct/token_view.js";
import {Identity} from "#js/diagnostics/identity.js";
import {start} from "#js/diagnostics/page.js";
import {SignIn} from "#js/diagnostics/sign_in.js";

const identity = new Identity();
const log = new Log();
const client = new DirectClient(log);
const raw = new RawConnection(log);

const DirectTest = () => html`
  <div class="intro intro-with-action">
    <div>
      <h1>${t("diagnostics.page_direct")}</h1>
      <p class="hint">${t("diagnostics.direct_intro")}</p>
    </div>
    <${CopyLink} />
  </div>
  <div class="desk">
    <div class="desk-side">
      <${SignIn} identity=${identity} />
      <${ConnectForm} client=${client} identity=${identity} />
      <${SendForm} client=${client} />
      <${Latency} client=${client} />
      <${RawForm} connection=${raw} identity=${identity} />
      <${Inspector} />
      <${TokenView} identity=${identity} />
    </div>
    <${LogView} log=${log} />
  </div>
`;

if (location.hash) {
  takeLink(location.hash);
}
addEventListener("hashchange", () => takeLink(location.hash));
identity.restore();
await start("direct", DirectTest, {isWide: true});
