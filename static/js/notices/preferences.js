// What somebody wants to be notified of, when, and how: in the settings and from the drawer.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";
import {OWN_TYPES} from "#js/notices/kinds.js";
import {hasSound, permission, playTone, wantsDesktop} from "#js/notices/telling.js";
import {typeText} from "#js/notices/types.js";
import {Field, Switch} from "#js/ui/field.js";
import {Loading, Problem} from "#js/ui/state.js";
import {complain} from "#js/ui/toasts.js";

const NIGHT = {from: "22:00", to: "07:00"};
const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The switches, without a heading: the settings and the drawer have their own. */
export function Wishes() {
  const {kept, error, retry, change} = usePreferences();
  return html`
    <div class="preferences">
      <${Desktop} />
      <${Switch} label=${t("inbox.sound")} checked=${hasSound.value} onChange=${setSound} />
      ${error && html`<${Problem} error=${error} retry=${retry} />`} ${!kept && !error && html`<${Loading} />`}
      ${
        kept &&
        html`<${Types} muted=${kept.muted_types} onChange=${(muted_types) => change({...kept, muted_types})} />
          <${QuietHours} hours=${kept.quiet_hours} onChange=${(quiet_hours) => change({...kept, quiet_hours})} />`
      }
    </div>
  `;
}

/** What the server keeps; a change is shown at once, and taken back when it is refused. */
function usePreferences() {
  const {session} = useApp();
  const [kept, setKept] = useState(null);
  const [error, setError] = useState(null);
  const load = () => {
    setError(null);
    session.request("GET", "/notifications/preferences").then(setKept, setError);
  };
  useEffect(load, []);
  async function change(wanted) {
    setKept(wanted);
    try {
      await session.request("PUT", "/notifications/preferences", wanted);
    } catch (problem) {
      setKept(kept);
      complain(problem);
    }
  }
  return {kept, error, retry: load, change};
}

function setSound(isOn) {
  hasSound.value = isOn;
  if (isOn) {
    playTone();
  }
}

function Desktop() {
  const [state, setState] = useState(permission());
  async function want(isWanted) {
    wantsDesktop.value = isWanted;
    if (isWanted && state === "default") {
      setState(await Notification.requestPermission());
    }
  }
  return html`
    <${Switch}
      label=${t("inbox.desktop")}
      hint=${t(`inbox.desktop_${state}`)}
      checked=${wantsDesktop.value && state === "granted"}
      disabled=${state === "denied" || state === "unsupported"}
      onChange=${want}
    />
  `;
}

function Types({muted, onChange}) {
  const {notices} = useApp();
  const types = [...new Set([...OWN_TYPES, ...notices.types.value, ...muted])];
  const set = (type, isWanted) => onChange(isWanted ? muted.filter((one) => one !== type) : [...muted, type]);
  return html`
    <fieldset>
      <legend>${t("inbox.types")}</legend>
      <p class="hint">${t("inbox.types_hint")}</p>
      ${types.map(
        (type) =>
          html`<${Switch}
            key=${type}
            label=${typeText(type)}
            checked=${!muted.includes(type)}
            onChange=${(isWanted) => set(type, isWanted)}
          />`,
      )}
    </fieldset>
  `;
}

function QuietHours({hours, onChange}) {
  const set = (change) => onChange({...hours, ...change});
  return html`
    <fieldset>
      <legend>${t("inbox.quiet")}</legend>
      <${Switch}
        label=${t("inbox.quiet_on")}
        hint=${t("inbox.quiet_hint")}
        checked=${hours !== null}
        onChange=${(isOn) => onChange(isOn ? {...NIGHT, zone: ownZone()} : null)}
      />
      ${
        hours &&
        html`<div class="preferences-hours">
            <${Field} label=${t("inbox.quiet_from")}>
              <input
                type="time"
                required
                value=${hours.from}
                onChange=${(event) => timeOf(event, (from) => set({from}))}
              />
            <//>
            <${Field} label=${t("inbox.quiet_to")}>
              <input type="time" required value=${hours.to} onChange=${(event) => timeOf(event, (to) => set({to}))} />
            <//>
          </div>
          <p class="hint">
            ${t("inbox.quiet_zone", {zone: hours.zone})}
            ${
              hours.zone !== ownZone() &&
              html` <button type="button" class="link" onClick=${() => set({zone: ownZone()})}>
                ${t("inbox.quiet_own_zone", {zone: ownZone()})}
              </button>`
            }
          </p>`
      }
    </fieldset>
  `;
}

/** Hand on a time that is whole: an emptied field says nothing. */
const timeOf = ({target}, take) => target.value && take(target.value.slice(0, 5));
