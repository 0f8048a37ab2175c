/** What each network may ask without a token: a bucket that fills evenly over a minute. */

/** Buckets by network. */
export interface Shares {
  /** Takes one; 0: granted, else how long to wait, in milliseconds. */
  take(network: string): number;
}

const MINUTE_MS = 60_000;
/** Networks remembered; a full bucket is as good as none, so those go first. */
const NETWORKS_MAX = 10_000;

/** @param perMinute 0: no limit */
export function createShares(perMinute: number, monotonicMs: () => number): Shares {
  const buckets = new Map<string, { level: number; atMs: number }>();
  return {
    take(network) {
      if (perMinute === 0) return 0;
      const nowMs = monotonicMs();
      const known = buckets.get(network) ?? { level: perMinute, atMs: nowMs };
      const filled = known.level + ((nowMs - known.atMs) * perMinute) / MINUTE_MS;
      const level = Math.min(perMinute, filled);
      buckets.delete(network);
      if (buckets.size >= NETWORKS_MAX) {
        const [oldest] = buckets.keys();
        if (oldest !== undefined) buckets.delete(oldest);
      }
      buckets.set(network, { level: level >= 1 ? level - 1 : level, atMs: nowMs });
      return level >= 1 ? 0 : Math.ceil(((1 - level) * MINUTE_MS) / perMinute);
    },
  };
}
