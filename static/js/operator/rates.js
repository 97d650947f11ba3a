// What happens each second, by what two answers of the server have counted since its start.

const COUNTERS = ["bytes_in", "bytes_out", "events_in", "messages_out"];

/**
 * `before` and `after` are `{at, overview}`, with `at` in ms of a clock. Returns `{bytes_in, …, came, went, cpu, database,
 * redis}`, the last two as the average ms of a command; null where there is nothing to tell, as after a restart of the
 * server.
 */
export function ratesBetween(before, after) {
  const seconds = (after.at - before.at) / 1000;
  const isSame = before.overview.process.id === after.overview.process.id;
  if (!isSame || seconds <= 0) {
    return null;
  }
  const [old, now] = [before.overview, after.overview];
  const counted = COUNTERS.map((name) => [name, (now.totals[name] - old.totals[name]) / seconds]);
  const [came, went] = ["opens", "closes"].map((name) => (sumOf(now[name]) - sumOf(old[name])) / seconds);
  return {
    ...Object.fromEntries(counted),
    came,
    went,
    cpu: (now.process.cpu_seconds - old.process.cpu_seconds) / seconds,
    database: average(old.commands.database, now.commands.database),
    redis: average(old.commands.redis, now.commands.redis),
  };
}

const sumOf = (counts) => Object.values(counts).reduce((sum, one) => sum + one, 0);

function average(before, after) {
  const count = after.count - before.count;
  return count > 0 ? ((after.seconds - before.seconds) * 1000) / count : null;
}

/** What the graphs show of samples: one point for each but the first. */
export function pointsOf(samples) {
  return samples.slice(1).map((sample, index) => ({
    at: sample.at / 1000,
    overview: sample.overview,
    rates: ratesBetween(samples[index], sample) ?? {},
  }));
}
