/**
 * One installation while it delivers: its newest state and its epochs, shared by all its streams.
 *
 * States run ahead of the store by what is being written. When a write fails, the work is lost as a
 * whole: everything that waits fails with it, and the next stream begins from what the store has.
 */
import { HeatpoolError } from "#core/errors.js";
import type { InstallationState, Registry } from "../registry/registry.js";
import type { Commit, SnapshotStore } from "../store/snapshot-store.js";
import { type EpochWork, resumeEpoch } from "./epoch-work.js";
import type { Quota } from "./quota.js";

/** The work of one installation. */
export interface InstallationWork {
  state: InstallationState;
  readonly epochs: Map<string, EpochWork>;
  readonly quota: Quota;
  /** Settles when everything put so far is durable or failed; never rejects. */
  tail: Promise<void>;
  failed: boolean;
}

/** Writes commits of one installation in order. @throws HeatpoolError `STORE_FAILED` */
export type PutCommit = (
  work: InstallationWork,
  commit: Omit<Commit, "installation">,
  onDurable: (commitNumber: number) => void,
) => Promise<void>;

/**
 * What has to happen with a durable commit happens in the same turn as the store's answer, so that
 * whoever looks between two turns sees store, registry and rollups agree.
 */
export function createPutCommit(
  store: SnapshotStore,
  registry: Registry,
  onFailed: (work: InstallationWork) => void,
): PutCommit {
  return async (work, commit, onDurable) => {
    demandSound(work);
    const { state } = work;
    const written = store.put({ ...commit, installation: state }).then(
      (commitNumber) => {
        registry.adopt(state);
        onDurable(commitNumber);
      },
      (cause: unknown) => {
        work.failed = true;
        onFailed(work);
        throw cause;
      },
    );
    work.tail = written.catch(() => undefined);
    await written;
  };
}

/** @throws HeatpoolError `STORE_FAILED` when an earlier write of this work failed */
export function demandSound(work: InstallationWork): void {
  if (!work.failed) return;
  throw new HeatpoolError("STORE_FAILED", "an earlier write of this installation failed", {
    hint: "Connect again; the batches that have no ack are to be sent again.",
  });
}

/** The epoch as it is being delivered; read from the store the first time. */
export async function findEpoch(
  work: InstallationWork,
  epochId: string,
  store: SnapshotStore,
): Promise<EpochWork> {
  const known = work.epochs.get(epochId);
  if (known !== undefined) return known;
  const stored = await store.epoch(work.state.installationId, epochId);
  // Another stream may have been faster while the store was asked.
  const epoch = work.epochs.get(epochId) ?? resumeEpoch(epochId, stored);
  work.epochs.set(epochId, epoch);
  return epoch;
}
