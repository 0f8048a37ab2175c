/**
 * Taking a number back: its batch cannot go as it is, and will come under other numbers.
 *
 * The answer is durable before it is given and the same however often it is asked for, so that the
 * daemon may lose it: what was decided under the number is known by its digest.
 */
import { HeatpoolError } from "#core/errors.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { readCheck } from "./batch-commit.js";
import { type EpochWork, toEpochState, VOIDS_MAX, voidRange } from "./epoch-work.js";
import type { RetractedBatch, Retraction } from "./ingest.js";
import { demandSound, type InstallationWork, type PutCommit } from "./installation-work.js";

/** Voids one number, or says what it stands for; see `Delivery.takeBack`. */
export async function takeBack(
  { store, put }: { store: SnapshotStore; put: PutCommit },
  work: InstallationWork,
  epoch: EpochWork,
  { sequence, check }: RetractedBatch,
): Promise<Retraction> {
  demandSound(work);
  if (!Number.isSafeInteger(sequence) || sequence < 1) {
    throw new HeatpoolError("INVALID_ARGUMENT", `batch ${sequence} is no number`);
  }
  const stored = await store.digest(work.state.installationId, epoch.epochId, sequence);
  // From here to the put nothing waits: another stream may bring the same batch.
  const known = epoch.checks.get(sequence) ?? readCheck(stored);
  if (known !== undefined) {
    await work.tail;
    demandSound(work);
    return known === check ? "stored" : "forked";
  }
  if (!voidRange(epoch, { from: sequence, to: sequence })) {
    throw new HeatpoolError("INVALID_ARGUMENT", `more than ${VOIDS_MAX} ranges that never come`);
  }
  const { takenThrough } = epoch;
  await put(work, { epochs: [toEpochState(epoch)] }, () => {
    epoch.ackedThrough = Math.max(epoch.ackedThrough, takenThrough);
  });
  return "voided";
}
