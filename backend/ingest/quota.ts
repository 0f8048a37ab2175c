/**
 * Quotas of one installation: batches a second, snapshots and bytes a day, as buckets that fill
 * evenly. A quota is never a rejection but a pause: the batch may come again later. The defaults
 * let 30 days of waiting batches pass within a day.
 */
import { HeatpoolError } from "#core/errors.js";
import type { RetryDelay } from "./ingest.js";

/** Limits of one installation; 0 switches one off. */
export interface QuotaLimits {
  readonly batchesPerSecond: number;
  readonly batchesBurst: number;
  readonly snapshotsPerDay: number;
  readonly bytesPerDay: number;
}

/** Starting values. */
export const QUOTA_DEFAULTS: QuotaLimits = {
  batchesPerSecond: 2,
  batchesBurst: 60,
  snapshotsPerDay: 600_000,
  bytesPerDay: 256 * 1024 * 1024,
};

/** What one batch takes. */
interface BatchCost {
  readonly snapshots: number;
  readonly bytes: number;
}

/** The buckets of one installation. */
export interface Quota {
  /** @throws HeatpoolError `RATE_LIMITED` with a `RetryDelay`; then nothing was taken */
  check(cost: BatchCost): void;
  spend(cost: BatchCost): void;
}

const DAY_MS = 86_400_000;

/** Full buckets. @param monotonicMs the clock that never steps */
export function createQuota(limits: QuotaLimits, monotonicMs: () => number): Quota {
  const batches = createBucket(limits.batchesPerSecond / 1000, limits.batchesBurst, monotonicMs);
  const snapshots = createBucket(
    limits.snapshotsPerDay / DAY_MS,
    limits.snapshotsPerDay,
    monotonicMs,
  );
  const bytes = createBucket(limits.bytesPerDay / DAY_MS, limits.bytesPerDay, monotonicMs);
  return {
    check(cost) {
      const waits = [
        { what: "batches per second", ms: batches.waitMs(1) },
        { what: "snapshots per day", ms: snapshots.waitMs(cost.snapshots) },
        { what: "bytes per day", ms: bytes.waitMs(cost.bytes) },
      ];
      const longest = waits.reduce((a, b) => (b.ms > a.ms ? b : a));
      if (longest.ms === 0) return;
      const cause: RetryDelay = { retryAfterMs: longest.ms };
      const what = `${longest.what} used up: again in ${longest.ms} ms`;
      throw new HeatpoolError("RATE_LIMITED", what, { cause });
    },
    spend(cost) {
      batches.take(1);
      snapshots.take(cost.snapshots);
      bytes.take(cost.bytes);
    },
  };
}

interface Bucket {
  /** How long until `amount` is there; 0: it is. */
  waitMs(amount: number): number;
  take(amount: number): void;
}

function createBucket(perMs: number, burst: number, monotonicMs: () => number): Bucket {
  let level = burst;
  let atMs = monotonicMs();
  const fill = () => {
    const nowMs = monotonicMs();
    level = Math.min(burst, level + (nowMs - atMs) * perMs);
    atMs = nowMs;
  };
  return {
    waitMs(amount) {
      if (perMs === 0) return 0;
      fill();
      // More than the bucket ever holds passes when it is full, and leaves a debt.
      const missing = Math.min(amount, burst) - level;
      return missing <= 0 ? 0 : Math.ceil(missing / perMs);
    },
    take(amount) {
      level -= amount;
    },
  };
}
