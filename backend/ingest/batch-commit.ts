/** One decided batch as the store writes it: block, epoch, digest, counts, and what was refused. */
import type { Commit, DeadLetter, StoredBlock } from "../store/snapshot-store.js";
import type { AdmittedBlock, BlockDecision } from "./decide-block.js";
import { type EpochWork, toEpochState } from "./epoch-work.js";
import type { DeclaredDevice, IncomingBatch } from "./ingest.js";
import type { TablePlan } from "./table-plan.js";

/** A batch and what became of it. */
export interface DecidedBatch {
  readonly installationId: string;
  readonly epoch: EpochWork;
  readonly incoming: IncomingBatch;
  /** `undefined`: the batch named one that was not declared. */
  readonly device: DeclaredDevice | undefined;
  readonly plan: TablePlan | undefined;
  readonly decision: BlockDecision;
  readonly nowMs: number;
}

/** Everything but the installation's state. */
export function toCommit(decided: DecidedBatch): Omit<Commit, "installation"> {
  const { epoch, incoming, decision, plan } = decided;
  const { admitted, rejected } = decision;
  const digest = admitted?.digest ?? writeCheck(incoming.check);
  const commit = {
    epochs: [toEpochState(epoch)],
    digest: { epochId: epoch.epochId, sequence: incoming.sequence, digest },
    counts: {
      batchesStored: admitted === undefined ? 0 : 1,
      snapshotsStored: admitted?.batch.rows ?? 0,
      readingsStored: admitted?.batch.readings ?? 0,
      snapshotsRejected: rejected,
    },
    ...(rejected === 0 ? {} : { deadLetter: toDeadLetter(decided) }),
  };
  if (admitted === undefined) return commit;
  const isTableNew = plan !== undefined && !plan.isStored;
  const block = toBlock(decided, admitted);
  return { ...commit, block, ...(isTableNew ? { table: plan.table } : {}) };
}

function toBlock(decided: DecidedBatch, admitted: AdmittedBlock): StoredBlock {
  const { installationId, epoch, incoming, device, nowMs } = decided;
  const { firstMs, lastMs, batch } = admitted;
  return {
    installationId,
    epochId: epoch.epochId,
    sequence: incoming.sequence,
    heatpumpModel: device?.heatpumpModel ?? "",
    receivedAtMs: nowMs,
    firstMs,
    lastMs,
    batch,
  };
}

function toDeadLetter(decided: DecidedBatch): DeadLetter {
  const { installationId, epoch, device, decision, nowMs } = decided;
  const { sequence, slot = 0, rows, codec, prior, plainBytes, check, block } = decision.incoming;
  return {
    installationId,
    epochId: epoch.epochId,
    sequence,
    receivedAtMs: nowMs,
    snapshots: decision.rejected,
    reasons: decision.outcomes,
    declared: {
      deviceId: device?.deviceId ?? "",
      tableId: device?.tableId ?? new Uint8Array(0),
      stepMs: device?.stepMs ?? 0,
      slot,
      rows,
      codec,
      ...(prior === undefined ? {} : { prior }),
      plainBytes,
      check,
    },
    block,
  };
}

/** Of a batch that could not be read only the check is known. */
function writeCheck(check: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, check, true);
  return bytes;
}

/** First four bytes of a digest; nothing where there is none. */
export function readCheck(digest: Uint8Array | undefined): number | undefined {
  if (digest === undefined) return undefined;
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0, true);
}
