/**
 * Erasure: everything about one installation goes, and does not come back.
 *
 * In this order, so that an end in between is taken up again: a tombstone, then nothing of it is
 * taken any more; its identity, of which the proofs of consent stay without its id; its column of the rollups, in the snapshot file too; the store, whose record of
 * the installation goes last; the registry. Released statistics stay until the next release.
 */
import { HeatpoolError } from "#core/errors.js";
import type { Rollups } from "../aggregate/rollups.js";
import type { Identities } from "../registry/identity.js";
import type { Registry } from "../registry/registry.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { ErasureReceipt } from "./subject-rights.js";
import type { Removal, Tombstones } from "./tombstones.js";

/** Erases installations. */
export interface Erasure {
  /**
   * Resolves when nothing is left, in files too. Asking again is harmless.
   *
   * @param closeStreams ends the streams of the installation
   * @throws HeatpoolError `NOT_FOUND` nothing is known of it · `STORE_FAILED`, `STATE_INVALID` ask
   *   again
   */
  erase(installationId: string, closeStreams: () => Promise<void>): Promise<ErasureReceipt>;
  /** Erases who has a tombstone and is here all the same: after an end in between, or a restore. */
  resume(): Promise<number>;
}

/** What erasure works with. */
export interface ErasureDeps {
  readonly store: Pick<SnapshotStore, "blocks" | "erase">;
  readonly registry: Registry;
  readonly rollups: Pick<Rollups, "zero">;
  /** Writes the rollups' snapshot. */
  readonly saveRollups: () => Promise<unknown>;
  readonly tombstones: Tombstones;
  /** Left out: nobody has one. */
  readonly identities?: Pick<Identities, "find" | "remove">;
  /** What else knows installations: tokens, and who has which model. Each may be asked twice. */
  readonly alsoForget?: readonly ((installationId: string) => Promise<void> | void)[];
  /** Works while nobody delivers for an installation. */
  readonly keepOut: <T>(installationId: string, work: () => Promise<T>) => Promise<T>;
  readonly nowMs: () => number;
}

export function createErasure(deps: ErasureDeps): Erasure {
  const { registry, tombstones, keepOut } = deps;
  return {
    async erase(id, closeStreams) {
      if (!(tombstones.has(id) || (await isKnown(deps, id)))) {
        throw new HeatpoolError("NOT_FOUND", "no installation of that id is known", {
          hint: "`heatpool-backend installations list` names those that are.",
        });
      }
      await tombstones.add(id);
      await closeStreams();
      return await keepOut(id, () => remove(deps, id));
    },
    async resume() {
      const left = [...registry.members()].filter((one) => tombstones.has(one.installationId));
      for (const { installationId } of left) {
        await keepOut(installationId, () => remove(deps, installationId));
      }
      return left.length;
    },
  };
}

async function isKnown(deps: ErasureDeps, id: string): Promise<boolean> {
  const { registry, store, identities } = deps;
  if (registry.find(id) !== undefined || identities?.find(id) !== undefined) return true;
  for await (const _ of store.blocks(id)) return true;
  return false;
}

async function remove(deps: ErasureDeps, installationId: string): Promise<ErasureReceipt> {
  const { store, registry, rollups, saveRollups } = deps;
  await deps.identities?.remove(installationId, deps.nowMs());
  const state = registry.find(installationId);
  for (const { column } of state?.models ?? []) rollups.zero(column);
  await saveRollups();
  const { blocks, deadLetters, losses } = await store.erase(installationId);
  registry.forget(installationId);
  for (const forget of deps.alsoForget ?? []) await forget(installationId);
  return { installationId, ...(await note(deps, installationId, { blocks, deadLetters, losses })) };
}

/** What is kept of an erasure: sums, also when it was taken up again, under a name of nobody. */
async function note(
  { tombstones, nowMs }: ErasureDeps,
  installationId: string,
  { blocks, deadLetters, losses }: { blocks: number; deadLetters: number; losses: number },
): Promise<Removal> {
  const before = tombstones.removalOf(installationId);
  const isNothingNew = blocks + deadLetters + losses === 0;
  if (before !== undefined && isNothingNew) return before;
  const removal = {
    erasedAtMs: nowMs(),
    batches: (before?.batches ?? 0) + blocks,
    refusedBatches: (before?.refusedBatches ?? 0) + deadLetters,
    losses: (before?.losses ?? 0) + losses,
  };
  await tombstones.noteRemoval(installationId, removal);
  return removal;
}
