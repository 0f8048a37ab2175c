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
  return new Buckets(limits, monotonicMs);
}

/** A class, so that an installation that sends nothing has no functions of its own. */
class Buckets implements Quota {
  readonly #limits: QuotaLimits;
  readonly #monotonicMs: () => number;
  /** One of each limit. */
  readonly #batches: Bucket;
  readonly #snapshots: Bucket;
  readonly #bytes: Bucket;

  constructor(limits: QuotaLimits, monotonicMs: () => number) {
    this.#limits = limits;
    this.#monotonicMs = monotonicMs;
    const nowMs = monotonicMs();
    this.#batches = new Bucket(limits.batchesBurst, nowMs);
    this.#snapshots = new Bucket(limits.snapshotsPerDay, nowMs);
    this.#bytes = new Bucket(limits.bytesPerDay, nowMs);
    this.#fill();
  }

  check(cost: BatchCost): void {
    this.#fill();
    const waits = [
      { what: "batches per second", ms: this.#batches.waitMs(1) },
      { what: "snapshots per day", ms: this.#snapshots.waitMs(cost.snapshots) },
      { what: "bytes per day", ms: this.#bytes.waitMs(cost.bytes) },
    ];
    const longest = waits.reduce((a, b) => (b.ms > a.ms ? b : a));
    if (longest.ms === 0) return;
    const cause: RetryDelay = { retryAfterMs: longest.ms };
    const what = `${longest.what} used up: again in ${longest.ms} ms`;
    throw new HeatpoolError("RATE_LIMITED", what, { cause });
  }

  spend(cost: BatchCost): void {
    this.#batches.take(1);
    this.#snapshots.take(cost.snapshots);
    this.#bytes.take(cost.bytes);
  }

  isFull(): boolean {
    this.#fill();
    return this.#batches.isFull && this.#snapshots.isFull && this.#bytes.isFull;
  }

  #fill(): void {
    const { batchesPerSecond, batchesBurst, snapshotsPerDay, bytesPerDay } = this.#limits;
    const nowMs = this.#monotonicMs();
    this.#batches.fill(batchesPerSecond / 1000, batchesBurst, nowMs);
    this.#snapshots.fill(snapshotsPerDay / DAY_MS, snapshotsPerDay, nowMs);
    this.#bytes.fill(bytesPerDay / DAY_MS, bytesPerDay, nowMs);
  }
}

/** What fills evenly. */
class Bucket {
  /** 0: the bucket is off. */
  #perMs = 0;
  #burst: number;
  #level: number;
  #atMs: number;

  constructor(burst: number, nowMs: number) {
    this.#burst = burst;
    this.#level = burst;
    this.#atMs = nowMs;
  }

  get isFull(): boolean {
    return this.#level >= this.#burst;
  }

  /** Fills up to now at the speed that held until now; what it holds more, or less, it does at once. */
  fill(perMs: number, burst: number, nowMs: number): void {
    this.#level = Math.min(this.#burst, this.#level + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    this.#level += burst - this.#burst;
    this.#burst = burst;
    this.#perMs = perMs;
  }

  /** How long until `amount` is there; 0: it is. */
  waitMs(amount: number): number {
    if (this.#perMs === 0) return 0;
    // More than the bucket ever holds passes when it is full, and leaves a debt.
    const missing = Math.min(amount, this.#burst) - this.#level;
    return missing <= 0 ? 0 : Math.ceil(missing / this.#perMs);
  }

  take(amount: number): void {
    if (this.#perMs !== 0) this.#level -= amount;
  }
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
