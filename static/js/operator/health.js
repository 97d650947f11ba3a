// How each part of the server feels.

import {t} from "#js/core/texts.js";
import {useApp} from "#js/app.js";
import {html, useEffect} from "#js/core/view.js";
import {useFetched} from "#js/operator/fetched.js";

const EVERY_MS = 10_000;

export function Health() {
  const {session} = useApp();
  const health = useFetched(() => askHealth(session.token), [session]);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || health.refresh(), EVERY_MS);
    return () => clearInterval(timer);
  }, [health]);
  const {status, details} = health.value.value ?? {};
  if (!status) {
    return null;
  }
  const parts = Object.entries(details?.parts ?? {});
  return html`
    <section aria-labelledby="health-title">
      <h2 id="health-title">${t("operator.health")}</h2>
      <p class="operator-parts">
        ${parts.map(
          ([part, state]) => html`
            <span key=${part} class="pill" data-kind=${state === "ok" ? "good" : "bad"}>
              ${t(`operator.part_${part}`)} · ${t(state === "ok" ? "operator.works" : "operator.failed")}
            </span>
          `,
        )}
        ${details?.draining && html`<span class="pill" data-kind="warn">${t("operator.draining")}</span>`}
      </p>
    </section>
  `;
}

/** Outside of the REST API's envelope. */
async function askHealth(token) {
  const answer = await fetch("/health", {headers: {Authorization: `Bearer ${token}`}});
  return answer.json();
}
