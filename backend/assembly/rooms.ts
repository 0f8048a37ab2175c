/** The rooms of a running backend, each opened once, and what stands behind each of its doors. */
import { existsSync, readFileSync } from "node:fs";
import { mayHaveModels } from "../eligibility/may-have-models.js";
import { readDisk } from "../host/disk.js";
import type { HttpBehind } from "../http/http.js";
import { HTTP_VERSION_PREFIX } from "../http/intake.js";
import type { Vitals } from "../http/vitals.js";
import { createStoredTimes } from "../ingest/stored-times.js";
import { createOperation } from "../operation/create-operation.js";
import { exportInstallation } from "../privacy/export.js";
import { exportLines } from "../privacy/export-lines.js";
import type { RetentionDeps, RetentionRun } from "../privacy/retention.js";
import { toRecord } from "../registry/memory-registry.js";
import type { Behind, IdentityDoor } from "../rpc/door.js";
import type { Schedule } from "../schedule/schedule.js";
import type { CompanionFile } from "../store/backup.js";
import { encodeBackup } from "../store/backup-frames.js";
import { createFindingSource } from "../train/data-findings.js";
import type { Engines } from "./engines.js";
import { openErasing } from "./open-erasing.js";
import { openIdentities } from "./open-identities.js";
import { type Intake, openIntake } from "./open-intake.js";
import {
  demandSharedFolders,
  type OpenModels,
  openModels,
  type RunningModels,
  startModels,
} from "./open-models.js";
import { openRegisters, type Registers, toShared } from "./open-registers.js";
import { openStatistics, type Statistics } from "./open-statistics.js";
import { openTrainingRooms, type TrainingRooms } from "./open-training.js";
import { type BackendParts, reportFault } from "./parts.js";
import type { Joined } from "./processes.js";
import { NO_MODELS } from "./run-web.js";

export interface Rooms extends Registers, Intake, Statistics {
  /** Left out: no keys were ever made, so there are no models. */
  readonly models: OpenModels | undefined;
  readonly pushing: RunningModels | undefined;
  readonly vitals: Vitals;
  /** The schedule is here while this process runs it. */
  readonly jobs: { schedule: Schedule | undefined };
  readonly behind: Behind;
  readonly web: HttpBehind;
  /** Left out: nobody shows a certificate. */
  readonly identityDoor: IdentityDoor | undefined;
  readonly retention: Omit<RetentionDeps, "clock">;
  readonly learning: TrainingRooms;
  readonly joined: Omit<Joined, "once">;
}

/** What writing is tried with, to find out whether the store takes batches again. */
const PROBE_RECORD = "probe";
const PROBE_BYTES = 64 * 1024;

export async function openRooms(
  parts: BackendParts,
  engines: Engines,
  vitals: Vitals,
): Promise<Rooms> {
  const { storeKey, config } = parts;
  let pushing: RunningModels | undefined;
  const noteChange = (id: string): void => pushing?.push.noteChange(id);
  const registers = await openRegisters(parts, engines, noteChange);
  const { store, registry, identities, tombstones } = registers;
  if (engines.shared !== undefined) await demandSharedFolders(parts, engines.shared.database);
  const models = storeKey === undefined ? undefined : openModels({ ...parts, storeKey });
  const intake = await openIntake(parts, registers, vitals);
  const forgetPushed = (id: string): void => pushing?.push.forget(id);
  const erase = await openErasing(parts, registers, intake.ingest, forgetPushed);
  let newest: RetentionRun | undefined;
  const statistics = await openStatistics(parts, registers, models, () => newest);
  if (models !== undefined) {
    const isContributing = (id: string): boolean => statistics.facts.eligibility(id, "").eligible;
    const onFault = (fault: unknown): void => reportFault(parts, fault);
    pushing = await startModels(models, { identities, isContributing }, { ...parts, onFault });
  }
  const learning = openTrainingRooms(parts, registers, models);
  const open = { ...registers, ...intake, ...statistics, models, pushing, vitals, learning };
  const jobs: Rooms["jobs"] = { schedule: undefined };
  return {
    ...open,
    jobs,
    behind: toBehind(parts, engines, { ...open, jobs }, erase),
    web: toWeb(open),
    identityDoor: openIdentities(parts, identities, tombstones.has),
    retention: {
      ...{ store, registry, rawMonths: config.retention.rawMonths },
      isDelivering: intake.ingest.isDelivering,
      onRun(run) {
        newest = run;
        const { ranAtMs: _, keptFromMs: fromMs, ...removed } = run;
        const keptFrom = new Date(fromMs).toISOString();
        parts.log("info", "backend.retention", { keptFrom, ...removed });
      },
    },
    joined: {
      registry,
      isDelivering: intake.ingest.isDelivering,
      async reload() {
        const { efficiency } = statistics;
        await Promise.all([statistics.reloadReleased(), efficiency.reload(), identities.reload()]);
      },
      async reloadIdentity(id) {
        await identities.reload(id);
        // Another process erased it.
        if (identities.find(id) === undefined) forgetPushed(id);
        noteChange(id);
      },
    },
  };
}

/** What gRPC callers reach. */
function toBehind(
  parts: BackendParts,
  engines: Engines,
  rooms: Registers & Intake & Statistics & Pick<Rooms, "models" | "pushing" | "jobs" | "learning">,
  erase: Behind["erase"],
): Behind {
  const { store, registry, models, pushing, jobs, meter, book, quotas } = rooms;
  const shared = toShared(parts, rooms);
  const nowMs = (): number => parts.clock.nowMs();
  const giveOut = (id: string) =>
    exportInstallation({ ...shared, toRecord: (state) => toRecord(state, nowMs()) }, id);
  return {
    ingest: rooms.watched,
    operation: createOperation({
      ...{ store, registry, meter, book, catalogue: models?.catalogue, quotas },
      findings: createFindingSource(store),
      engine: engines.name,
      disk: () => readDisk(parts.places.storeDir),
      schedule: () => jobs.schedule,
      backUp: engines.entries && toBackup(parts, engines.entries),
      log: parts.logControl,
    }),
    training: rooms.learning.desk,
    probeStore: () => store.putRecord(PROBE_RECORD, new Uint8Array(PROBE_BYTES)),
    community: rooms.community,
    efficiency: rooms.efficiency,
    ...rooms.facts,
    push: pushing?.push,
    metadata: async (role, version) => models?.catalogue.metadata(role, version),
    erase,
    export: giveOut,
    exportLines: (id) => exportLines(giveOut(id)),
  };
}

/** What HTTP callers reach. */
function toWeb(rooms: Registers & Intake & Statistics & Pick<Rooms, "pushing">): HttpBehind {
  const { store, registry, identities, facts, pushing } = rooms;
  return {
    ...{ ingest: rooms.watched, community: rooms.community, efficiency: rooms.efficiency },
    models: pushing?.files ?? NO_MODELS,
    eligibility: facts.eligibility,
    active30d: facts.active30d,
    storedTimes: createStoredTimes(store, rooms.findTable),
    isBarred: (id) =>
      identities.find(id) !== undefined && !mayHaveModels(identities.find(id), true),
    isEnrolled: (id) =>
      identities.find(id) !== undefined ||
      registry.find(id)?.daemonVersion.startsWith(HTTP_VERSION_PREFIX) === false,
  };
}

/** The store and the files without which it must not be restored: without tombstones the erased are back. */
function toBackup(
  { places, version, clock }: BackendParts,
  entries: NonNullable<Engines["entries"]>,
): () => AsyncIterable<Uint8Array> {
  return () => {
    const { tombstonesFile } = places;
    const files: CompanionFile[] = existsSync(tombstonesFile)
      ? [{ name: "tombstones", bytes: readFileSync(tombstonesFile) }]
      : [];
    return encodeBackup({ version, createdAtMs: clock.nowMs() }, files, entries());
  };
}
