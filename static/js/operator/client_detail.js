// One connection: who it is, what it has moved, the rooms it is in.

import {useApp} from "#js/app.js";
import {bytes} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {useFetched} from "#js/operator/fetched.js";
import {confirm} from "#js/ui/dialog.js";
import {Icon} from "#js/ui/icon.js";
import {State} from "#js/ui/state.js";
import {Time} from "#js/ui/time.js";
import {complain, toast} from "#js/ui/toasts.js";

/** `onRoom(name)` is asked for those who share one of its rooms. */
export function ClientDetail({id, onRoom, onClose, onGone}) {
  const {session} = useApp();
  const [isBusy, setBusy] = useState(false);
  const fetched = useFetched(() => session.request("GET", `/operators/clients/${encodeURIComponent(id)}`), [id]);
  const client = fetched.value.value?.client;

  async function disconnect() {
    const isMeant = await confirm({
      title: t("operator.disconnect_title"),
      text: t("operator.disconnect_text", {client: nameOf(client)}),
      action: t("operator.disconnect"),
      isDangerous: true,
    });
    if (!isMeant) {
      return;
    }
    setBusy(true);
    try {
      await session.request("POST", `/operators/clients/${encodeURIComponent(id)}/disconnect`);
      toast({kind: "good", text: t("operator.disconnected", {client: nameOf(client)})});
      onGone();
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }

  return html`
    <section class="card operator-client" aria-labelledby="client-title">
      <header>
        <h2 id="client-title"><code>${id}</code></h2>
        <button id="disconnect" type="button" class="danger" disabled=${!client || isBusy} onClick=${disconnect}>
          ${t("operator.disconnect")}
        </button>
        <button type="button" class="icon" aria-label=${t("ui.close")} onClick=${onClose}>
          <${Icon} name="close" />
        </button>
      </header>
      <${State} following=${fetched}>${client && html`<${Facts} client=${client} onRoom=${onRoom} />`}<//>
    </section>
  `;
}

const nameOf = ({id, user}) => (user ? `${user.display_name} (${id})` : id);

const Facts = ({client, onRoom}) => html`
  <dl class="operator-facts">
    <${Fact} name="user"
      >${client.user ? `${client.user.display_name} · ${client.user.username}` : t("operator.anonymous")}<//
    >
    <${Fact} name="transport">${client.transport} · ${client.state}<//>
    <${Fact} name="address">${client.address}<//>
    <${Fact} name="connected_at"><${Time} value=${client.connected_at} /><//>
    <${Fact} name="bytes_in">${bytes(client.bytes_in)}<//>
    <${Fact} name="bytes_out">${bytes(client.bytes_out)}<//>
    <${Fact} name="outbox_bytes">${bytes(client.outbox_bytes)}<//>
  </dl>
  <h3>${t("operator.rooms", {count: client.rooms.length})}</h3>
  <ul class="operator-rooms">
    ${client.rooms.map(
      (room) => html`
        <li key=${room}>
          <button type="button" class="link" title=${t("operator.only_room")} onClick=${() => onRoom(room)}>
            <code>${room}</code>
          </button>
        </li>
      `,
    )}
  </ul>
`;

const Fact = ({name, children}) => html`
  <div>
    <dt>${t(`operator.column_${name}`)}</dt>
    <dd>${children}</dd>
  </div>
`;
