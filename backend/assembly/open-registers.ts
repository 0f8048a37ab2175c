/** What is known of installations, read once at start: states, rollups, identities, tombstones. */
import { findMetric } from "#core/measurement/metrics.js";
import { openTombstones, type Tombstones } from "../privacy/tombstones.js";
import { createIdentities, type KeptIdentities } from "../registry/create-identities.js";
import { openFileIdentityStore } from "../registry/file-identity-store.js";
import { createRegistry } from "../registry/memory-registry.js";
import { openPostgresIdentityStore } from "../registry/postgres-identity-store.js";
import type { InstallationState, Registry } from "../registry/registry.js";
import { tellChanges } from "../registry/tell-changes.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { Engines } from "./engines.js";
import { type BackendParts, reportFault } from "./parts.js";
import { type KeptHere, openProcesses, type Processes } from "./processes.js";

export interface Registers {
  readonly store: SnapshotStore;
  readonly processes: Processes;
  readonly registry: Registry;
  readonly kept: KeptHere;
  readonly identities: KeptIdentities;
  readonly tombstones: Tombstones;
}

/** @param onChange what may change who is owed a model */
export async function openRegisters(
  parts: BackendParts,
  engines: Engines,
  onChange: (installationId: string) => void,
): Promise<Registers> {
  const { places, clock, chance } = parts;
  const { store, shared } = engines;
  const onFault = (fault: unknown): void => reportFault(parts, fault);
  const processes = await openProcesses({
    ...{ engines, clock, rollupsFile: places.rollupsFile, onFault },
    onEvent: (event) => parts.log("info", event),
  });
  const states: InstallationState[] = [];
  for await (const state of store.installations()) states.push(state);
  const registry = createRegistry(states, processes.takeColumn);
  const columnOf = (id: string, model: string) =>
    registry.find(id)?.models.find((one) => one.heatpumpModel === model)?.column;
  const kept = await processes.openRollups(columnOf);
  const identities = await createIdentities(
    shared === undefined
      ? await openFileIdentityStore(places.identitiesDir)
      : openPostgresIdentityStore(shared.database, shared.tombstones.isErased),
    clock.nowMs(),
    (id) => {
      onChange(id);
      void processes.tell("identity", id).catch(onFault);
    },
  );
  tellChanges(registry, onChange);
  const tombstones = shared?.tombstones ?? openTombstones(places.tombstonesFile, chance);
  return { store, processes, registry, kept, identities, tombstones };
}

/** What most rooms take of it. */
export function toShared({ clock }: BackendParts, { store, registry, kept }: Registers) {
  return { store, registry, rollups: kept.taken, clock, findMetric };
}
