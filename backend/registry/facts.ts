/** What the doors ask about installations and the whole backend, answered from memory. */
import type { Community } from "../aggregate/community.js";
import type { EligibilityFacts } from "../eligibility/decide-eligibility.js";
import type { Eligibility } from "../eligibility/eligibility.js";
import type { BackendTotals, Behind } from "../rpc/door.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { countDays, dayOf } from "./day-bitmap.js";
import type { Registry } from "./registry.js";

/** How long readings are kept, and the newest run that deleted older ones. */
interface RetentionFacts {
  readonly months: number;
  /** `undefined`: none since the start. */
  newest(): { readonly ranAtMs: number; readonly blocks: number } | undefined;
}

/** What the answers come from. */
export interface FactSources {
  readonly store: SnapshotStore;
  readonly registry: Registry;
  readonly community: Community;
  readonly nowMs: () => number;
  readonly startedAtMs: number;
  /** The rule of `backend/eligibility`, with its settings. */
  readonly decide: (facts: EligibilityFacts) => Eligibility;
  readonly windowDays: number;
  readonly warnings?: () => Promise<readonly string[]>;
  readonly retention?: RetentionFacts;
}

const DAY_MS = 86_400_000;

/** Days after which an installation is no longer called active. */
const ACTIVE_DAYS = 30;

/** All of `Behind` but ingest and community, and what the HTTP door asks beside it. */
export function createFacts(
  sources: FactSources,
): Pick<Behind, "eligibility" | "totals" | "installations"> & { active30d(): number } {
  const { store, registry, nowMs } = sources;
  return {
    eligibility(installationId, heatpumpModel) {
      const receipts = registry.receipts(installationId);
      const pool = registry.poolSize(heatpumpModel === "" ? undefined : heatpumpModel);
      // Thirty times 24 hours touch one calendar day more.
      const window = sources.windowDays + 1;
      const today = dayOf(nowMs());
      return sources.decide({
        nowMs: nowMs(),
        isKnown: receipts !== undefined,
        lastReceivedAtMs: receipts?.lastReceivedAtMs ?? 0,
        daysWithData: receipts === undefined ? 0 : countDays(receipts.received, today, window),
        pool,
      });
    },
    totals: async () =>
      ({
        ...store.totals(),
        startedAtMs: sources.startedAtMs,
        installations: registry.size,
        activeInstallations30d: countActive(registry, nowMs()),
        storeBytes: await store.bytes(),
        statisticsReleasedAtMs: sources.community.averages("", []).releasedAtMs,
        retentionRanAtMs: sources.retention?.newest()?.ranAtMs ?? 0,
        retentionBatchesRemoved: sources.retention?.newest()?.blocks ?? 0,
        retentionMonths: sources.retention?.months ?? 0,
        closedTestPool: sources.community.poolStatus().closedTestPool,
        warnings: (await sources.warnings?.()) ?? [],
      }) satisfies BackendTotals,
    active30d: () => countActive(registry, nowMs()),
    installations: (after, limit) => registry.list(after, limit, nowMs()),
  };
}

function countActive(registry: Registry, nowMs: number): number {
  let active = 0;
  for (const { lastReceivedAtMs } of registry.members()) {
    if (lastReceivedAtMs > 0 && nowMs - lastReceivedAtMs <= ACTIVE_DAYS * DAY_MS) active++;
  }
  return active;
}
