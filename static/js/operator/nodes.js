// The processes of the server; each is the way to its clients.

import {bytes, count, duration} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";

export function Nodes({overview, rates = {}}) {
  const {process, connections, uptime_seconds: uptime} = overview;
  const clients = Object.values(connections).reduce((sum, one) => sum + one, 0);
  const columns = ["node", "host", "version", "clients", "cpu", "memory", "uptime"];
  return html`
    <section aria-labelledby="nodes-title">
      <h2 id="nodes-title">${t("operator.nodes")}</h2>
      <div class="operator-scroll">
        <table class="data">
          <thead>
            <tr>
              ${columns.map(
                (name, index) =>
                  html`<th key=${name} scope="col" class=${index > 2 ? "number" : ""}>
                    ${t(`operator.column_${name}`)}
                  </th>`,
              )}
            </tr>
          </thead>
          <tbody>
            <tr>
              <td>
                <a href=${linkTo("operator", "clients")}><code>${process.id}</code></a>
              </td>
              <td>${process.host} · ${process.pid}</td>
              <td>${process.version}</td>
              <td class="number">${count(clients)}</td>
              <td class="number">${rates.cpu == null ? "–" : `${(rates.cpu * 100).toFixed(0)} %`}</td>
              <td class="number">${bytes(process.memory_bytes)}</td>
              <td class="number">${duration(uptime)}</td>
            </tr>
          </tbody>
        </table>
      </div>
    </section>
  `;
}
