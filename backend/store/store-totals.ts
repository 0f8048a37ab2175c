/** The store's counters: what a group of commits adds to them. */
import type { Commit, StoreTotals } from "./snapshot-store.js";

/** A store that never took anything. */
export const NO_TOTALS: StoreTotals = {
  batchesStored: 0,
  snapshotsStored: 0,
  readingsStored: 0,
  snapshotsDuplicate: 0,
  snapshotsRejected: 0,
  snapshotsReportedLost: 0,
};

const NAMES = Object.keys(NO_TOTALS) as (keyof StoreTotals)[];

/** The totals after these commits. */
export function addCounts(totals: StoreTotals, commits: readonly Commit[]): StoreTotals {
  const sums: { -readonly [Name in keyof StoreTotals]: number } = { ...totals };
  for (const { counts } of commits) {
    if (counts === undefined) continue;
    for (const name of NAMES) sums[name] += counts[name] ?? 0;
  }
  return sums;
}
