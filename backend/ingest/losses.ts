/**
 * Loss reports: what an installation did not deliver and why. Batches that will never come are
 * passed over, so that one eviction does not stop an epoch for ever.
 */
import { HeatpoolError } from "#core/errors.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { type EpochWork, toEpochState, VOIDS_MAX, voidRange } from "./epoch-work.js";
import type { ReportedLoss } from "./ingest.js";
import {
  demandSound,
  findEpoch,
  type InstallationWork,
  type PutCommit,
} from "./installation-work.js";

/** Entries of one report. */
const LOSSES_MAX = 256;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Stores the entries that are new; see `Delivery.takeLosses`. */
export async function takeLosses(
  { store, put }: { store: SnapshotStore; put: PutCommit },
  work: InstallationWork,
  losses: readonly ReportedLoss[],
): Promise<number> {
  demandSound(work);
  checkLosses(losses);
  const epochs = new Map<string, EpochWork>();
  for (const { batches } of losses) {
    if (batches === undefined) continue;
    epochs.set(batches.epochId, await findEpoch(work, batches.epochId, store));
  }
  // From here to the put nothing waits: another stream may report at the same time.
  const fresh = losses.filter((one) => one.number > work.state.lossAckedThrough);
  if (fresh.length === 0) {
    await work.tail;
    return work.state.lossAckedThrough;
  }
  for (const { batches } of fresh) passOver(epochs, batches);
  const snapshots = fresh.reduce((sum, one) => sum + one.snapshots, 0);
  const lossAckedThrough = fresh.reduce((last, one) => Math.max(last, one.number), 0);
  work.state = {
    ...work.state,
    snapshotsReportedLost: work.state.snapshotsReportedLost + snapshots,
    lossAckedThrough,
  };
  const through = new Map([...epochs.values()].map((one) => [one, one.takenThrough]));
  const commit = {
    losses: fresh,
    epochs: [...epochs.values()].map(toEpochState),
    counts: { snapshotsReportedLost: snapshots },
  };
  await put(work, commit, () => {
    for (const [epoch, taken] of through) epoch.ackedThrough = Math.max(epoch.ackedThrough, taken);
  });
  return lossAckedThrough;
}

function passOver(epochs: Map<string, EpochWork>, batches: ReportedLoss["batches"]): void {
  const epoch = batches === undefined ? undefined : epochs.get(batches.epochId);
  if (batches === undefined || epoch === undefined) return;
  if (!voidRange(epoch, { from: batches.sequenceFrom, to: batches.sequenceTo })) {
    throw new HeatpoolError("INVALID_ARGUMENT", `more than ${VOIDS_MAX} ranges that never come`);
  }
}

function checkLosses(losses: readonly ReportedLoss[]): void {
  if (losses.length > LOSSES_MAX) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${losses.length} losses, at most ${LOSSES_MAX}`);
  }
  for (const { number, snapshots, batches } of losses) {
    const areCounts = [number, snapshots].every((one) => Number.isSafeInteger(one) && one >= 0);
    if (!areCounts || !isRange(batches)) {
      throw new HeatpoolError("INVALID_ARGUMENT", `loss ${number} is not well-formed`);
    }
  }
}

function isRange(batches: ReportedLoss["batches"]): boolean {
  if (batches === undefined) return true;
  const { epochId, sequenceFrom, sequenceTo } = batches;
  const areNumbers = Number.isSafeInteger(sequenceFrom) && Number.isSafeInteger(sequenceTo);
  return UUID.test(epochId) && areNumbers && sequenceFrom >= 1 && sequenceTo >= sequenceFrom;
}
