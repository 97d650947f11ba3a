// What a task is in, how events move it on, and how long it takes: without asking anybody.

const OPEN = ["queued", "running"];
const OWN_WORDS = ["interrupted", "lost", "timeout"];

export const isOpen = ({state}) => OPEN.includes(state);

/** A task that failed or was cancelled may be tried again. */
export const isRetryable = ({state}) => state === "error" || state === "cancelled";

/** Return "queued", "running", "completed", "cancelled", or how it failed: "interrupted", "lost", "timeout", "failed". */
export function statusOf({state, error}) {
  return state === "error" ? (OWN_WORDS.includes(error) ? error : "failed") : state;
}

/** Return the task as it is after an event; one that is known already changes nothing. */
export function advanced(task, {type, data}) {
  if (data.seq <= task.seq) {
    return task;
  }
  const {seq, step, total_steps, progress, message, text, attempt, timestamp} = data;
  const moved = {
    ...task,
    ahead: undefined, // no event tells a place in the line
    seq,
    step,
    total_steps,
    progress,
    message,
    text,
    attempts: attempt,
    told_at: timestamp,
  };
  if (attempt > task.attempts) {
    const {error, result, started_at, finished_at, ...anew} = moved; // all that was of the attempt before
    return {...anew, state: "queued"};
  }
  if (type === "completed") {
    return {...moved, state: "completed", finished_at: timestamp, result: data.result};
  }
  if (type === "error") {
    return {
      ...moved,
      state: data.error === "cancelled" ? "cancelled" : "error",
      error: data.error,
      finished_at: timestamp,
    };
  }
  return {...moved, state: "running", started_at: task.started_at ?? timestamp};
}

/** Of two states of one task return the later one; what lists leave out is kept, and what no event told is told now. */
export function newer(known, task, now = Date.now()) {
  if (task.seq < known.seq) {
    return known;
  }
  const result = task.result ?? (task.attempts === known.attempts ? known.result : undefined);
  const told_at = task.told_at ?? (task.seq === known.seq ? known.told_at : new Date(now).toISOString());
  return {...task, told_at, params: task.params ?? known.params, ...(result === undefined ? {} : {result})};
}

/** Join two histories: each event once, in order. */
export function joined(history, events) {
  const bySeq = new Map([...history, ...events].map((event) => [event.data.seq, event]));
  return [...bySeq.values()].sort((one, other) => one.data.seq - other.data.seq);
}

/**
 * Return `{elapsed, rest}` in seconds; null where nobody can know. What is left is judged by how long it took to come as far
 * as was last told, at `told_at`.
 */
export function timing({state, started_at, finished_at, told_at, progress}, now = Date.now()) {
  if (!started_at) {
    return {elapsed: null, rest: null};
  }
  const begun = new Date(started_at).getTime();
  const end = finished_at ? new Date(finished_at).getTime() : now;
  const elapsed = Math.max(0, (end - begun) / 1000);
  if (state !== "running" || progress <= 0 || progress >= 100) {
    return {elapsed, rest: null};
  }
  const whole = (told_at ? (new Date(told_at).getTime() - begun) / 1000 : elapsed) * (100 / progress);
  return {elapsed, rest: whole > elapsed ? whole - elapsed : null};
}
