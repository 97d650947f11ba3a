// Notifying one member, or everyone, which goes on in the background.

import {useApp} from "#js/app.js";
import {count} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";
import {UserPicker} from "#js/operator/user_picker.js";
import {useSaving} from "#js/settings/form.js";
import {confirm} from "#js/ui/dialog.js";
import {Field} from "#js/ui/field.js";
import {Progress} from "#js/ui/progress.js";
import {Tabs} from "#js/ui/tabs.js";
import {complain, toast} from "#js/ui/toasts.js";

const JOB_MS = 1_000;

export function Notify() {
  const {session} = useApp();
  const [whom, setWhom] = useState("one");
  const [user, setUser] = useState(null);
  const [job, setJob] = useState(null);
  const {isBusy, error, save} = useSaving();

  async function send(event) {
    event.preventDefault();
    const form = event.target;
    const receivers = whom === "all" ? {all: true} : {user_id: user.id};
    if (
      whom === "all" &&
      !(await confirm({
        title: t("operator.notify_title"),
        text: t("operator.notify_text"),
        action: t("operator.notify"),
      }))
    ) {
      return;
    }
    await save(async () => {
      const answer = await session.request("POST", "/notifications", {
        ...Object.fromEntries(new FormData(form)),
        ...receivers,
      });
      form.reset();
      if (answer.job_id) {
        setJob(answer);
      } else {
        toast({kind: "good", text: t("operator.notified", {count: answer.notified})});
      }
    });
  }

  const ways = ["one", "all"].map((name) => ({name, text: t(`operator.to_${name}`)}));
  return html`
    <form class="operator-form" onSubmit=${send}>
      <${Tabs} label=${t("operator.to_whom")} tabs=${ways} chosen=${whom} onChoose=${setWhom} />
      ${whom === "one" && html`<${UserPicker} chosen=${user} onChoose=${setUser} />`}
      <${Field} label=${t("operator.notice_title")}
        ><input id="notice-title" name="title" required maxlength="200"
      /><//>
      <${Field} label=${t("operator.notice_content")}>
        <textarea name="content" rows="3" maxlength="5000" />
      <//>
      <${Field} label=${t("operator.notice_type")} hint=${t("operator.notice_type_hint")}>
        <input name="type" required pattern="[a-z0-9_]{1,40}" value="announcement" />
      <//>
      <${Field} label=${t("operator.notice_link")} hint=${t("operator.notice_link_hint")} error=${error}>
        <input name="link" maxlength="2000" />
      <//>
      <div class="operator-actions">
        <button id="notify" class="primary" disabled=${isBusy || (whom === "one" && !user)}>
          ${t("operator.notify")}
        </button>
      </div>
      ${job && html`<${Job} key=${job.job_id} job=${job} />`}
    </form>
  `;
}

/** How far a notification to everyone has come. */
function Job({job}) {
  const {session} = useApp();
  const [now, setNow] = useState(job);
  const isOver = now.state === "done";
  useEffect(() => {
    const look = async () => setNow(await session.request("GET", `/notifications/jobs/${job.job_id}`));
    const timer = isOver ? 0 : setInterval(() => look().catch(complain), JOB_MS);
    return () => clearInterval(timer);
  }, [isOver]);
  const text = t(isOver ? "operator.job_done" : "operator.job_running", {
    done: count(now.done ?? 0),
    total: count(now.total ?? 0),
  });
  return html`
    <div class="operator-job" id="job" role="status" data-state=${now.state}>
      <p>${text}</p>
      <${Progress}
        value=${now.total ? now.done / now.total : null}
        label=${t("operator.notify")}
        state=${isOver ? "completed" : "running"}
      />
    </div>
  `;
}
