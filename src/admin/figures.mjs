// What the dashboard shows, out of what it is told. Knows nothing of the page.

// Seconds that are kept, with one point each.
export const longest = 300;

// Within a bucket evenly spread, as in Prometheus' histogram_quantile; in ms. Nothing of no request.
export function percentile(share, boundsUs, requests) {
  const all = requests.reduce((sum, one) => sum + one, 0);
  let below = 0;
  for (const [i, inside] of requests.entries()) {
    if (inside > 0 && below + inside >= share * all) {
      const from = i > 0 ? boundsUs[i - 1] : 0, to = boundsUs[i] ?? from;
      return (from + (to - from) * (share * all - below) / inside) / 1000;
    }
    below += inside;
  }
  return null;
}

// From one event to the next: by second, or in percent, or nothing where there was nothing.
export function between(before, now) {
  const seconds = (now.at_us - before.at_us) / 1e6;
  const grown = (of) => of(now) - of(before);
  const rate = (of) => grown(of) / seconds;
  const reads = {local: grown((e) => e.reads.local), shared: grown((e) => e.reads.shared),
                 missed: grown((e) => e.reads.missed)};
  const all = reads.local + reads.shared + reads.missed;
  const percent = (some) => all > 0 ? 100 * some / all : null;
  const inBuckets = now.latency.requests.map((n, i) => n - before.latency.requests[i]);
  const loads = grown((e) => e.loads);
  return {
    local: percent(reads.local), shared: percent(reads.shared), missed: percent(reads.missed),
    hits: percent(reads.local + reads.shared),
    requests: rate((e) => e.requests.answered),
    refused: rate((e) => e.requests.refused), failed: rate((e) => e.requests.failed),
    p50: percentile(0.5, now.latency.bounds_us, inBuckets),
    p95: percentile(0.95, now.latency.bounds_us, inBuckets),
    p99: percentile(0.99, now.latency.bounds_us, inBuckets),
    late: now.health.follower.late_ms,
    entries: rate((e) => e.invalidations.local_entries),
    writes: rate((e) => e.invalidations.writes),
    followed: rate((e) => e.invalidations.followed_keys),
    loads: loads / seconds,
    load: loads > 0 ? grown((e) => e.load_us) / loads / 1000 : null,
    workers: now.workers.map((_, i) => rate((e) => e.workers[i].requests)),
  };
}

// Whether two events can be compared: another process begins at 0 again.
export const isSameProcess = (a, b) => a.started_ms === b.started_ms && a.workers.length === b.workers.length;

const inDigits = new Intl.NumberFormat("en", {maximumSignificantDigits: 3});
const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});

export function withUnit(value, unit) {
  if (value === null || value === undefined) return "–";
  const text = Math.abs(value) >= 1000 ? whole.format(value) : inDigits.format(value);
  return unit === "" ? text : `${text}\u00a0${unit}`;
}

export function bytes(number) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; number >= 1024 && unit + 1 < units.length; ++unit) number /= 1024;
  return withUnit(number, units[unit]);
}

export const ago = (seconds) => `${whole.format(seconds)} s ago`;

// A sentence for whoever hears the page instead of seeing it, and for everybody else.
export function sentenceOf({status, reasons, degraded}) {
  const all = [...reasons, ...degraded];
  return all.length === 0 ? `The service is ${status}.` : `The service is ${status}. ${all.join(". ")}.`;
}

export function sentenceOfFollower({mode, is_followed, follows_here}) {
  if (mode === "off") return "CACHE_FOLLOW is off: nobody follows the writes of others.";
  if (follows_here) return "This process follows the writes of others.";
  return is_followed ? "Another process follows the writes of others." : "Nobody follows the writes of others.";
}
