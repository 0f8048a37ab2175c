/** Rates of the last minute and quantiles of the newest writes, from what intake tells. */
import type { ReasonCount } from "./data-quality.js";
import type { IntakeListener } from "./intake.js";
import type { IntakeState, StorageState } from "./operation.js";

/** A listener that answers how it goes. */
export interface IntakeMeter extends IntakeListener {
  intake(): IntakeState;
  commits(): Pick<StorageState, "commitP50Ms" | "commitP99Ms">;
}

/** Whole seconds that rates are taken over. */
const WINDOW_SECONDS = 60;
/** Newest values that quantiles are taken of. */
const NEWEST_MAX = 1_000;

/** Begins with nothing. */
export function createIntakeMeter(monotonicMs: () => number): IntakeMeter {
  const startedMs = monotonicMs();
  const rates = createRates(monotonicMs);
  const lags: number[] = [];
  const commits: number[] = [];
  const rejected = new Map<string, number>();
  const refused = new Map<string, number>();
  let snapshotsLost = 0;
  return {
    decided({ rejected: reasons }) {
      for (const { reason, snapshots } of reasons) add(rejected, reason, snapshots);
    },
    stored({ snapshots, readings, lagMs }) {
      rates.add({ batches: 1, snapshots, readings });
      keep(lags, lagMs);
    },
    refused: (code) => add(refused, code, 1),
    lost(snapshots) {
      snapshotsLost += snapshots;
    },
    committed: (durationMs) => keep(commits, durationMs),
    intake() {
      const { batches, snapshots, readings } = rates.sums();
      const passed = Math.max(1, Math.min(WINDOW_SECONDS, (monotonicMs() - startedMs) / 1000));
      return {
        batchesPerSecond: batches / passed,
        snapshotsPerSecond: snapshots / passed,
        readingsPerSecond: readings / passed,
        lagP50Ms: quantile(lags, 0.5),
        lagP90Ms: quantile(lags, 0.9),
        rejected: toReasons(rejected),
        refused: toReasons(refused),
        snapshotsLost,
      };
    },
    commits: () => ({ commitP50Ms: quantile(commits, 0.5), commitP99Ms: quantile(commits, 0.99) }),
  };
}

interface Amounts {
  batches: number;
  snapshots: number;
  readings: number;
}

/** Sums per second, in a ring. */
function createRates(monotonicMs: () => number) {
  const ring = new Map<number, Amounts & { second: number }>();
  const now = (): number => Math.floor(monotonicMs() / 1000);
  return {
    add(amounts: Amounts): void {
      const second = now();
      const place = second % WINDOW_SECONDS;
      let slot = ring.get(place);
      if (slot?.second !== second) {
        slot = { second, batches: 0, snapshots: 0, readings: 0 };
        ring.set(place, slot);
      }
      slot.batches += amounts.batches;
      slot.snapshots += amounts.snapshots;
      slot.readings += amounts.readings;
    },
    sums(): Amounts {
      const from = now() - WINDOW_SECONDS;
      const sums = { batches: 0, snapshots: 0, readings: 0 };
      for (const slot of ring.values()) {
        if (slot.second <= from) continue;
        sums.batches += slot.batches;
        sums.snapshots += slot.snapshots;
        sums.readings += slot.readings;
      }
      return sums;
    },
  };
}

/** Names come from a closed list, so the map is bounded. */
function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > NEWEST_MAX) values.shift();
}

/** The most frequent first. */
export function toReasons(counts: ReadonlyMap<string, number>): ReasonCount[] {
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || a.reason.localeCompare(b.reason));
}

/** Nearest rank; 0 where there is nothing. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
