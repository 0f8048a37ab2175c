/**
 * What a group of commits writes: each commit its own records, and of states that change with every
 * commit only the newest.
 */
import type { InstallationState } from "../registry/registry.js";
import type { Operation } from "./level-database.js";
import { deadLetterWrites } from "./level-dead-letters.js";
import type { Commit, EpochState, StoredBlock } from "./snapshot-store.js";
import { blockKey, key, readU64, u64, uuidBytes } from "./store-keys.js";
import { openValue, sealBlock, sealJournal, sealJson, sealValue } from "./store-values.js";

/** Decided batches whose digest is remembered per epoch, to tell a repeat from a fork. */
const DIGESTS_KEPT = 1_024;

const DAY_MS = 86_400_000;

/** What one commit becomes: its own records, and states of which only the newest counts. */
export interface Entry {
  readonly operations: readonly Operation[];
  readonly blockKey: Buffer | undefined;
  readonly commit: Commit;
}

/** @param deadLetterKeys those known, oldest first; one that comes is added */
export function toEntry(commit: Commit, deadLetterKeys: Buffer[]): Entry {
  const operations: Operation[] = [];
  const put = (at: Buffer, value: Buffer) => operations.push({ type: "put", key: at, value });
  const { block, digest, deadLetter, installation, table } = commit;
  if (table !== undefined) {
    const tableAt = key("table", table.id);
    put(tableAt, sealJson(tableAt, table.channels));
  }
  const at = block === undefined ? undefined : keyOf(block);
  if (block !== undefined && at !== undefined) put(at, sealBlock(at, block));
  if (digest !== undefined) {
    const { epochId, sequence } = digest;
    const digestAt = digestKey(installation.installationId, epochId, sequence);
    put(digestAt, sealDigest(digestAt, sequence, digest.digest));
  }
  for (const loss of commit.losses ?? []) {
    const lossAt = key("loss", uuidBytes(installation.installationId), u64(loss.number));
    put(lossAt, sealJson(lossAt, loss));
  }
  if (deadLetter !== undefined) operations.push(...deadLetterWrites(deadLetter, deadLetterKeys));
  return { operations, blockKey: at, commit };
}

/** Of a group, the newest state of each installation and epoch. */
export function newestStates(entries: readonly Entry[]): Operation[] {
  const installations = new Map<string, InstallationState>();
  const epochs = new Map<string, { installationId: string; epoch: EpochState }>();
  for (const { commit } of entries) {
    const { installationId } = commit.installation;
    installations.set(installationId, commit.installation);
    for (const epoch of commit.epochs ?? []) {
      epochs.set(installationId + epoch.epochId, { installationId, epoch });
    }
  }
  const operations: Operation[] = [];
  for (const [id, state] of installations) {
    const at = key("installation", uuidBytes(id));
    operations.push({ type: "put", key: at, value: sealJson(at, state) });
  }
  for (const { installationId, epoch } of epochs.values()) {
    const at = epochKey(installationId, epoch.epochId);
    operations.push({ type: "put", key: at, value: sealJson(at, epoch) });
  }
  return operations;
}

/** The keys of a group's blocks: what a later start has to read to know them. */
export function journal(commit: number, entries: readonly Entry[]): Operation[] {
  const keys = entries.flatMap((one) => one.blockKey ?? []);
  if (keys.length === 0) return [];
  const at = key("journal", u64(commit));
  return [{ type: "put", key: at, value: sealJournal(at, keys) }];
}

function keyOf(block: StoredBlock): Buffer {
  return blockKey({
    installationId: block.installationId,
    deviceId: block.batch.deviceId,
    day: Math.floor(block.firstMs / DAY_MS),
    epochId: block.epochId,
    sequence: block.sequence,
  });
}

/** Where an epoch of an installation is. */
export function epochKey(installationId: string, epochId: string): Buffer {
  return key("epoch", uuidBytes(installationId), uuidBytes(epochId));
}

/** A ring of the newest digests: a number takes the place of the one so many before it. */
export function digestKey(installationId: string, epochId: string, sequence: number): Buffer {
  const place = u64(sequence % DIGESTS_KEPT);
  return key("digest", uuidBytes(installationId), uuidBytes(epochId), place);
}

function sealDigest(at: Buffer, sequence: number, digest: Uint8Array): Buffer {
  return sealValue(at, Buffer.concat([u64(sequence), digest]));
}

/** A remembered digest and its number. */
export function readDigest(at: Buffer, value: Buffer): { sequence: number; digest: Buffer } {
  const payload = openValue(at, value);
  return { sequence: readU64(payload, 0), digest: payload.subarray(8) };
}

/** `undefined` where a newer number has taken the place. */
export function openDigest(at: Buffer, value: Buffer, sequence: number): Buffer | undefined {
  const found = readDigest(at, value);
  return found.sequence === sequence ? found.digest : undefined;
}
