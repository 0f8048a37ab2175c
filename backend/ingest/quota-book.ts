/**
 * The quota of each installation over all its streams: who ends a stream and comes again finds no
 * more than it had left.
 *
 * One whose buckets are full again is like one that never sent, and is forgotten; so the book is no
 * longer than the list of those who sent within a day.
 */
import { createQuota, type Quota, type QuotaLimits } from "./quota.js";

/** Quotas by installation. */
export interface QuotaBook {
  of(installationId: string): Quota;
  /** Installations that are remembered. */
  readonly size: number;
}

/** Below it nobody is looked for who may be forgotten. */
const REMEMBERED_MIN = 1_024;

/** @param isDelivering whoever holds a quota keeps it */
export function createQuotaBook(
  limits: QuotaLimits,
  monotonicMs: () => number,
  isDelivering: (installationId: string) => boolean,
): QuotaBook {
  const quotas = new Map<string, Quota>();
  let sweepAt = REMEMBERED_MIN;
  const sweep = (): void => {
    for (const [id, quota] of quotas) {
      if (quota.isFull() && !isDelivering(id)) quotas.delete(id);
    }
    // Whoever is left is looked at again when twice as many are there.
    sweepAt = Math.max(REMEMBERED_MIN, 2 * quotas.size);
  };
  return {
    of(id) {
      const known = quotas.get(id);
      if (known !== undefined) return known;
      if (quotas.size >= sweepAt) sweep();
      const quota = createQuota(limits, monotonicMs);
      quotas.set(id, quota);
      return quota;
    },
    get size() {
      return quotas.size;
    },
  };
}
