/**
 * Retention: what was measured is deleted after some months, and the days on which an installation
 * was active after 90 days without contact.
 *
 * Whole days (UTC) go, each in the night after its last reading's time is up. Only a clock that is
 * known to be right deletes anything.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { InstallationState, Registry } from "../registry/registry.js";
import type { Job } from "../schedule/schedule.js";
import type { Slice, SnapshotStore } from "../store/snapshot-store.js";

/** What one run did. */
export interface RetentionRun {
  readonly ranAtMs: number;
  /** What was measured before it is gone. */
  readonly keptFromMs: number;
  readonly blocks: number;
  readonly deadLetters: number;
  readonly losses: number;
  /** Installations whose days of activity were forgotten. */
  readonly inactive: number;
}

/** What retention works with. */
export interface RetentionDeps {
  readonly store: Pick<SnapshotStore, "forgetBefore" | "compact" | "bytes" | "claim" | "put">;
  readonly registry: Pick<Registry, "members" | "find" | "adopt">;
  readonly clock: Clock;
  /** Months that raw data are kept. */
  readonly rawMonths: number;
  /** Whether an installation delivers right now. */
  readonly isDelivering: (installationId: string) => boolean;
  readonly onRun: (run: RetentionRun) => void;
}

const DAY_MS = 86_400_000;

/** When the night's run is due, after midnight UTC: before the release of statistics. */
const NIGHT_MS = 2 * 3_600_000;

/** Without contact for longer, the days of activity are forgotten (privacy rules, retention). */
const INACTIVE_MS = 90 * DAY_MS;

/** About so much is rewritten in one night; a larger store is rewritten in turns, in up to 16 nights. */
const NIGHT_BYTES = 2 ** 30;
const NIGHTS_MAX = 16;
/** About so much is rewritten at once, so that the store finds time for what comes in meanwhile. */
const SLICE_BYTES = 16 * 2 ** 20;
const SLICES_MAX = 4_096;

/** No day marked. */
const NO_DAYS: InstallationState["received"] = { lastDay: -1, low: 0, high: 0 };

/** Every night at two (UTC), before statistics are released; at a first start for nights missed. */
export function createRetentionJob(deps: RetentionDeps): Job {
  const { clock, onRun } = deps;
  return {
    name: "retention",
    pattern: "0 2 * * *",
    atFirstStart: true,
    async run(signal) {
      const run = await cleanUp(deps, Math.floor((clock.nowMs() - NIGHT_MS) / DAY_MS), signal);
      if (signal.aborted) throw new HeatpoolError("UNAVAILABLE", "stopped before it was through");
      onRun(run);
      const { ranAtMs: _, keptFromMs: fromMs, ...removed } = run;
      return { keptFrom: new Date(fromMs).toISOString().slice(0, 10), ...removed };
    },
  };
}

/** The beginning of the day from which on everything is kept. */
export function keptFromMs(nowMs: number, rawMonths: number): number {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth() - rawMonths];
  // Twelve months before 29 February is the 28th.
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(now.getUTCDate(), lastDay));
}

async function cleanUp(
  deps: RetentionDeps,
  night: number,
  signal: AbortSignal,
): Promise<RetentionRun> {
  const { store, clock, rawMonths } = deps;
  const ranAtMs = clock.nowMs();
  const fromMs = keptFromMs(ranAtMs, rawMonths);
  const removal = await store.forgetBefore(fromMs);
  for (const slice of slicesOf(await store.bytes(), night)) {
    if (!signal.aborted) await store.compact(slice);
  }
  const inactive = await forgetActivity(deps, ranAtMs);
  return { ranAtMs, keptFromMs: fromMs, ...removal, inactive };
}

/** The slices whose turn it is; every one has its turn, whatever the size. */
export function slicesOf(bytes: number, night: number): Slice[] {
  const nights = clamp(Math.ceil(bytes / NIGHT_BYTES), NIGHTS_MAX);
  const of = clamp(Math.ceil(bytes / SLICE_BYTES), SLICES_MAX);
  const all = Array.from({ length: of }, (_, index) => ({ index, of }));
  return all.filter(({ index }) => index % nights === night % nights);
}

function clamp(count: number, most: number): number {
  return Math.min(most, Math.max(1, count));
}

/** Forgets when who was there. Consent and counters stay as long as data of theirs may be here. */
async function forgetActivity(deps: RetentionDeps, nowMs: number): Promise<number> {
  const { registry, store, isDelivering } = deps;
  const silent = [...registry.members()].filter((one) => isSilent(one, nowMs));
  let count = 0;
  for (const { installationId } of silent) {
    const known = registry.find(installationId);
    if (known === undefined || !isSilent(known, nowMs) || isDelivering(installationId)) continue;
    const state = await store.claim(installationId);
    if (state === undefined || !isSilent(state, nowMs)) continue;
    const forgotten = { ...state, lastReceivedAtMs: 0, received: NO_DAYS, withData: NO_DAYS };
    await store.put({ installation: forgotten });
    // Who came back meanwhile has a newer state.
    if (registry.find(installationId) === known) registry.adopt(forgotten);
    count++;
  }
  return count;
}

function isSilent(state: InstallationState, nowMs: number): boolean {
  const { firstSeenAtMs, lastReceivedAtMs, received, withData } = state;
  const knowsDays = lastReceivedAtMs > 0 || received.lastDay >= 0 || withData.lastDay >= 0;
  return knowsDays && nowMs - Math.max(firstSeenAtMs, lastReceivedAtMs) > INACTIVE_MS;
}
