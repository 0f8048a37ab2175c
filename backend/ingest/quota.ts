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
  /** Whether it is as one that nothing was ever taken from. */
  isFull(): boolean;
}

const DAY_MS = 86_400_000;

/**
 * Full buckets.
 *
 * @param limits read at every question, so that a change counts at once
 * @param monotonicMs the clock that never steps
 */
export function createQuota(limits: QuotaLimits, monotonicMs: () => number): Quota {
  const perDay = (amount: number) => ({ perMs: amount / DAY_MS, burst: amount });
  const batches = createBucket(
    () => ({ perMs: limits.batchesPerSecond / 1000, burst: limits.batchesBurst }),
    monotonicMs,
  );
  const snapshots = createBucket(() => perDay(limits.snapshotsPerDay), monotonicMs);
  const bytes = createBucket(() => perDay(limits.bytesPerDay), monotonicMs);
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
    isFull: () => batches.isFull() && snapshots.isFull() && bytes.isFull(),
  };
}

interface Bucket {
  /** How long until `amount` is there; 0: it is. */
  waitMs(amount: number): number;
  take(amount: number): void;
  isFull(): boolean;
}

/** How fast a bucket fills, and how much it holds. */
interface BucketSize {
  /** 0: the bucket is off. */
  readonly perMs: number;
  readonly burst: number;
}

function createBucket(sizeNow: () => BucketSize, monotonicMs: () => number): Bucket {
  let size = sizeNow();
  let level = size.burst;
  let atMs = monotonicMs();
  const fill = () => {
    const nowMs = monotonicMs();
    level = Math.min(size.burst, level + (nowMs - atMs) * size.perMs);
    atMs = nowMs;
    const next = sizeNow();
    // What a bucket holds more, or less, it does so at once.
    if (next.burst !== size.burst) level += next.burst - size.burst;
    size = next;
  };
  return {
    waitMs(amount) {
      fill();
      if (size.perMs === 0) return 0;
      // More than the bucket ever holds passes when it is full, and leaves a debt.
      const missing = Math.min(amount, size.burst) - level;
      return missing <= 0 ? 0 : Math.ceil(missing / size.perMs);
    },
    take(amount) {
      if (size.perMs !== 0) level -= amount;
    },
    isFull() {
      fill();
      return level >= size.burst;
    },
  };
}

/** The limits that hold, and a hand on them. */
export interface Quotas {
  /** Always the same object; what it says changes. */
  readonly limits: QuotaLimits;
  /**
   * Changes some until the next start. Resolves with all.
   *
   * @throws HeatpoolError `INVALID_ARGUMENT` no number, or below what it may be; nothing changes
   */
  set(changes: Partial<QuotaLimits>): QuotaLimits;
}

/** @param start as configured */
export function createQuotas(start: QuotaLimits): Quotas {
  const limits = { ...start };
  return {
    limits,
    set(changes) {
      for (const [name, value] of Object.entries(changes)) {
        const least = name === "batchesBurst" ? 1 : 0;
        if (Number.isFinite(value) && value >= least && value <= Number.MAX_SAFE_INTEGER) continue;
        throw new HeatpoolError("INVALID_ARGUMENT", `${name} ${value}: at least ${least}`);
      }
      return { ...Object.assign(limits, changes) };
    },
  };
}
