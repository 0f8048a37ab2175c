/** The backend's inner rooms on a store, joined as the assembly joins them; without quotas. */
import { HeatpoolError } from "#core/errors.js";
import { findMetric } from "#core/measurement/metrics.js";
import { createCommunity } from "../backend/aggregate/create-community.js";
import { restoreRollups } from "../backend/aggregate/keep-rollups.js";
import {
  decideEligibility,
  ELIGIBILITY_DEFAULTS,
} from "../backend/eligibility/decide-eligibility.js";
import { createSystemClock } from "../backend/host/system-clock.js";
import { createIngest } from "../backend/ingest/create-ingest.js";
import { countDays, dayOf, markDay } from "../backend/registry/day-bitmap.js";
import { createFacts } from "../backend/registry/facts.js";
import { createRegistry } from "../backend/registry/memory-registry.js";
import type { InstallationState } from "../backend/registry/registry.js";
import type { Behind } from "../backend/rpc/door.js";
import type { SnapshotStore } from "../backend/store/snapshot-store.js";

const NO_QUOTA = { batchesPerSecond: 0, batchesBurst: 0, snapshotsPerDay: 0, bytesPerDay: 0 };

const clock = createSystemClock();

export async function openRooms(store: SnapshotStore) {
  const states: InstallationState[] = [];
  for await (const state of store.installations()) states.push(state);
  const registry = createRegistry(states);
  const columnOf = (id: string, model: string) =>
    registry.find(id)?.models.find((one) => one.heatpumpModel === model)?.column;
  const { rollups, parts } = await restoreRollups({ store, columnOf });
  const rooms = { store, registry, rollups, clock, findMetric };
  const ingest = await createIngest({ ...rooms, parts, markDay, limits: NO_QUOTA });
  const community = await createCommunity({
    ...rooms,
    daysWithData: (state, nowMs) => countDays(state.withData, dayOf(nowMs), 64),
    coldStart: ELIGIBILITY_DEFAULTS.coldStart,
  });
  const facts = createFacts({
    ...rooms,
    community,
    nowMs: () => clock.nowMs(),
    startedAtMs: clock.nowMs(),
    decide: decideEligibility,
    windowDays: ELIGIBILITY_DEFAULTS.windowDays,
  });
  const notHere = () => {
    throw new HeatpoolError("NOT_FOUND", "nobody asks for it while ingest is measured");
  };
  const efficiency = { figures: notHere, standing: notHere };
  const operation = {
    ...{ state: notHere, jobs: notHere, runJob: notHere, quality: notHere },
    ...{ quotas: notHere, setQuotas: notHere, setLogLevel: notHere, backUp: notHere },
  };
  const candidates = { candidates: notHere, publish: notHere, discard: notHere };
  const training = { start: notHere, runs: notHere, ...candidates };
  const probeStore = async (): Promise<void> => undefined;
  const metadata = async () => undefined;
  const gone = { erase: notHere, export: notHere, exportLines: notHere };
  const rest = { operation, training, metadata, probeStore, ...gone };
  const behind: Behind = { ingest, community, efficiency, ...facts, ...rest };
  return { behind, registry, rollups };
}
