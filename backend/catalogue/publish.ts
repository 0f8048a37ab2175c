/**
 * Brings signed root and targets in, and signs what the backend signs: snapshot and timestamp.
 * Everything here runs under the lock.
 */
import type { KeyObject } from "node:crypto";
import { type MetadataFile, type Role, signersOf } from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";
import { LIFE_MS, RESIGN_MS } from "./catalogue.js";
import type { MetadataFolder } from "./metadata-folder.js";
import type { OnlineKey, OnlineKeys } from "./online-keys.js";
import { addSignature, makeSnapshot, makeTimestamp } from "./sign-metadata.js";
import {
  demandSigned,
  demandSuccessor,
  demandTargets,
  isSigned,
  isSnapshotOf,
} from "./succession.js";

/** What publishing works with. */
export interface PublishDeps {
  readonly files: MetadataFolder;
  readonly keys: OnlineKeys;
  nowMs(): number;
}

/** What was brought in. */
export interface Imported {
  readonly root: number | undefined;
  readonly targets: number | undefined;
  readonly snapshot: number | undefined;
  readonly timestamp: number | undefined;
  /** Keys that no root lists any more, now gone. */
  readonly keysForgotten: readonly string[];
}

/**
 * Publishes files that were signed elsewhere: roots first, in order, then targets.
 *
 * @throws HeatpoolError `CATALOGUE_REFUSED` a daemon would refuse it; nothing was published
 */
export async function importFiles(
  deps: PublishDeps,
  incoming: { roots: readonly MetadataFile<"root">[]; targets?: MetadataFile<"targets"> },
): Promise<Imported> {
  const nowMs = deps.nowMs();
  const held = await deps.keys.all();
  const before = await deps.files.newest("root");
  let root = before;
  const roots = [...incoming.roots].sort((one, other) => one.version - other.version);
  for (const next of roots) {
    demandSuccessor(next, root, nowMs);
    root = next;
  }
  if (root === undefined) throw refuse("there is no root yet", "Import a signed root first.");
  demandHeld(root, held);
  const current = await deps.files.newest("targets");
  const { targets } = incoming;
  if (targets !== undefined) demandTargets(targets, root, current, nowMs);
  else if (current !== undefined && !isSigned(current, root)) {
    throw refuse(
      "the new root does not know who signed the published targets",
      "Sign the next targets with the new key and import both together.",
    );
  }
  for (const next of roots) await deps.files.write(next);
  if (targets !== undefined) await deps.files.write(targets);
  await resign(deps, true);
  const keysForgotten = await forgetRetired(deps, before, root, held);
  const version = async (role: Role) => (await deps.files.newest(role))?.version;
  return {
    root: await version("root"),
    targets: await version("targets"),
    snapshot: await version("snapshot"),
    timestamp: await version("timestamp"),
    keysForgotten,
  };
}

/**
 * Signs snapshot and timestamp when something changed or twelve hours passed.
 *
 * @returns whether it signed; never before root and targets are there
 */
export async function resign(deps: PublishDeps, isForced = false): Promise<boolean> {
  const { files } = deps;
  const [root, targets] = [await files.newest("root"), await files.newest("targets")];
  if (root === undefined || targets === undefined) return false;
  const [oldSnapshot, oldTimestamp] = [
    await files.newest("snapshot"),
    await files.newest("timestamp"),
  ];
  const nowMs = deps.nowMs();
  const isCurrent =
    oldSnapshot !== undefined &&
    oldTimestamp !== undefined &&
    isSnapshotOf(oldSnapshot, targets) &&
    isSigned(oldSnapshot, root) &&
    isSigned(oldTimestamp, root);
  const signedAtMs = Date.parse(oldTimestamp?.signed.heatpool.signed_at ?? "");
  // A clock that was ahead when it signed is behind now: sign again.
  const isYoung = nowMs >= signedAtMs && nowMs - signedAtMs < RESIGN_MS;
  if (isCurrent && isYoung && !isForced) return false;
  const held = await deps.keys.all();
  const life = (role: Role, version = 0) => ({
    version: version + 1,
    expiresAtMs: nowMs + LIFE_MS[role],
  });
  const sign = <R extends Role>(file: MetadataFile<R>) => signWithHeld(file, root, held);
  const snapshot = sign(makeSnapshot(life("snapshot", oldSnapshot?.version), targets));
  const next = life("timestamp", oldTimestamp?.version);
  const timestamp = sign(makeTimestamp(next, snapshot, nowMs));
  await files.write(snapshot);
  await files.write(timestamp);
  return true;
}

/** @throws HeatpoolError `CATALOGUE_REFUSED` the keys held here do not reach the threshold */
export function signWithHeld<R extends Role>(
  file: MetadataFile<R>,
  root: MetadataFile<"root">,
  held: readonly OnlineKey[],
): MetadataFile<R> {
  const { keyids } = signersOf(root, file.role);
  const mine = held.filter(({ role, keyId }) => role === file.role && keyids.includes(keyId));
  const add = (one: MetadataFile<R>, key: KeyObject) => addSignature(one, key);
  const signed = mine.map(({ privateKey }) => privateKey).reduce(add, file);
  demandSigned(signed, root);
  return signed;
}

/** A root whose online keys are not here would stop the catalogue. */
function demandHeld(root: MetadataFile<"root">, held: readonly OnlineKey[]): void {
  const holds = (role: string, ids: readonly string[]) =>
    held.filter((key) => key.role === role && ids.includes(key.keyId)).length;
  for (const role of ["snapshot", "timestamp"] as const) {
    const { keyids, threshold } = signersOf(root, role);
    if (holds(role, keyids) >= threshold) continue;
    throw refuse(
      `root ${root.version} lists no ${role} key of this backend`,
      "Give the public keys that `keys init` or `keys rotate` wrote to `keys root`.",
    );
  }
  if (holds("director", Object.keys(root.signed.heatpool.director_keys)) > 0) return;
  throw refuse(
    `root ${root.version} lists no director key of this backend`,
    "Give the public keys that `keys init` or `keys rotate` wrote to `keys root`.",
  );
}

/** What the root before listed and the new one does not has served its time. */
async function forgetRetired(
  deps: PublishDeps,
  before: MetadataFile<"root"> | undefined,
  root: MetadataFile<"root">,
  held: readonly OnlineKey[],
): Promise<string[]> {
  const listed = (one: MetadataFile<"root"> | undefined) =>
    new Set(Object.keys({ ...one?.signed.keys, ...one?.signed.heatpool.director_keys }));
  const [old, now] = [listed(before), listed(root)];
  const retired = held.filter(({ keyId }) => old.has(keyId) && !now.has(keyId));
  for (const key of retired) await deps.keys.forget(key);
  return retired.map(({ keyId }) => keyId);
}

function refuse(what: string, hint: string): HeatpoolError {
  return new HeatpoolError("CATALOGUE_REFUSED", what, { hint });
}
