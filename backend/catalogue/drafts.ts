/** Files on their way to enough signatures: the next root, the next targets. Pure. */
import type { KeyObject } from "node:crypto";
import {
  goodSignatures,
  type MetadataFile,
  type Role,
  readMetadata,
  signersOf,
  writeMetadata,
} from "#core/catalogue/metadata.js";
import { describeKey, keyIdOf, type PublicKey } from "#core/catalogue/public-key.js";
import { type Release, toReleases } from "#core/catalogue/release.js";
import { HeatpoolError } from "#core/errors.js";
import { type KeyRole, LIFE_MS } from "./catalogue.js";
import type { PublicEntry } from "./key-file.js";
import { addSignature, makeRoot, makeTargets, type RoleKeys } from "./sign-metadata.js";

type Root = MetadataFile<"root">;
type Targets = MetadataFile<"targets">;

/** Two of three: one root key may be lost, and one thief is not enough. */
const ROOT_THRESHOLD = 2;

/** What the next root changes. */
export interface RootChanges {
  readonly add: readonly PublicEntry[];
  /** Key ids, or the beginnings of them. */
  readonly remove: readonly string[];
  readonly thresholds: Readonly<Partial<Record<Role, number>>>;
  readonly expiresAtMs?: number;
}

/**
 * The next root, without a signature.
 *
 * @throws HeatpoolError `INVALID_ARGUMENT` a key to remove that is not there · `CATALOGUE_REFUSED`
 */
export function draftRoot(current: Root | undefined, changes: RootChanges, nowMs: number): Root {
  const before = current === undefined ? NO_KEYS : keysOf(current);
  const remaining = changes.remove.reduce(without, before);
  const of = (role: KeyRole) => {
    const added = changes.add.filter((entry) => entry.role === role).map(({ key }) => key);
    const known = new Set(remaining[role].map(keyIdOf));
    return [...remaining[role], ...added.filter((key) => !known.has(keyIdOf(key)))];
  };
  const keys = Object.fromEntries(KEY_ROLES.map((role) => [role, of(role)])) as unknown as RoleKeys;
  const missing = KEY_ROLES.filter((role) => keys[role].length === 0);
  if (missing.length > 0) {
    throw new HeatpoolError("INVALID_ARGUMENT", `no key for ${missing.join(", ")}`, {
      hint: "Give every .pub file of `keys add` and the list that `keys init` wrote.",
    });
  }
  const old = current === undefined ? {} : thresholdsOf(current);
  const thresholds = { root: ROOT_THRESHOLD, ...old, ...changes.thresholds };
  const expiresAtMs = changes.expiresAtMs ?? nowMs + LIFE_MS.root;
  return makeRoot({ version: (current?.version ?? 0) + 1, expiresAtMs }, keys, thresholds);
}

/** What the next list of models changes. */
export interface TargetsChanges {
  readonly add: readonly Release[];
  /** Paths. */
  readonly revoke: readonly string[];
  /** Paths that nobody needs any more. */
  readonly drop: readonly string[];
  readonly expiresAtMs?: number;
}

/**
 * The next targets, without a signature.
 *
 * @throws HeatpoolError `INVALID_ARGUMENT` a path taken by other bytes, or one that is not listed
 */
export function draftTargets(
  current: Targets | undefined,
  changes: TargetsChanges,
  nowMs: number,
): Targets {
  const list = new Map(
    (current === undefined ? [] : toReleases(current.signed.targets)).map((one) => [one.path, one]),
  );
  for (const release of changes.add) {
    const listed = list.get(release.path);
    if (listed !== undefined && listed.sha256 !== release.sha256) {
      throw new HeatpoolError("INVALID_ARGUMENT", `${release.path} is listed with other bytes`);
    }
    list.set(release.path, listed?.revoked === true ? listed : release);
  }
  for (const path of changes.revoke) {
    const listed = list.get(path);
    if (listed === undefined) {
      throw new HeatpoolError("INVALID_ARGUMENT", `${path} is not listed`);
    }
    list.set(path, { ...listed, revoked: true });
  }
  for (const path of changes.drop) {
    if (list.delete(path)) continue;
    throw new HeatpoolError("INVALID_ARGUMENT", `${path} is not listed`);
  }
  const expiresAtMs = changes.expiresAtMs ?? nowMs + LIFE_MS.targets;
  return makeTargets({ version: (current?.version ?? 0) + 1, expiresAtMs }, [...list.values()]);
}

/** Adds a signature. @throws HeatpoolError `INVALID_ARGUMENT` `key` is none of the role's */
export function signDraft(draft: MetadataFile<Role>, key: KeyObject, by: Root | undefined) {
  const keyId = keyIdOf(describeKey(key));
  const isKnown = signersFor(draft, by).some(({ keyids }) => keyids.includes(keyId));
  if (!isKnown) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${keyId.slice(0, 12)} does not sign this file`, {
      hint: "Targets are signed by targets keys, a root by the root keys of it or of the one before.",
    });
  }
  return addSignature(draft, key);
}

/** One file with the signatures of all copies. @throws HeatpoolError `INVALID_ARGUMENT` they differ */
export function mergeDrafts<R extends Role>(copies: readonly MetadataFile<R>[]): MetadataFile<R> {
  const [first, ...others] = copies;
  if (first === undefined) throw new HeatpoolError("INVALID_ARGUMENT", "nothing to merge");
  const textOf = ({ signed }: MetadataFile<R>) => writeMetadata({ signed, signatures: [] });
  if (others.some((other) => !textOf(other).equals(textOf(first)))) {
    throw new HeatpoolError("INVALID_ARGUMENT", "these are not copies of one file", {
      hint: "Sign copies of the same draft; a draft made again is another one.",
    });
  }
  const all = new Map(
    copies.flatMap(({ signatures }) => signatures.map((one) => [one.keyid, one])),
  );
  const { signed, role } = first;
  return readMetadata(role, writeMetadata({ signed, signatures: [...all.values()] }));
}

/** How far a draft is. */
export interface Progress {
  /** Whose threshold it is, e.g. `root 1`. */
  readonly by: string;
  readonly good: number;
  readonly threshold: number;
}

/** @param before the published root, for a root; the root that counts, for targets */
export function progressOf(draft: MetadataFile<Role>, before: Root | undefined): Progress[] {
  return signersFor(draft, before).map(({ by, ...signers }) => ({
    by,
    good: goodSignatures(draft, signers).length,
    threshold: signers.threshold,
  }));
}

function signersFor(draft: MetadataFile<Role>, before: Root | undefined) {
  const of = (root: Root) => ({ by: `root ${root.version}`, ...signersOf(root, draft.role) });
  const own = draft.role === "root" ? [of(draft as Root)] : [];
  return [...own, ...(before === undefined ? [] : [of(before)])];
}

const KEY_ROLES: readonly KeyRole[] = ["root", "targets", "snapshot", "timestamp", "director"];
const NO_KEYS: RoleKeys = { root: [], targets: [], snapshot: [], timestamp: [], director: [] };

function keysOf({ signed }: Root): RoleKeys {
  const of = (role: Role): PublicKey[] =>
    signed.roles[role].keyids.flatMap((id) => signed.keys[id] ?? []);
  return {
    root: of("root"),
    targets: of("targets"),
    snapshot: of("snapshot"),
    timestamp: of("timestamp"),
    director: Object.values(signed.heatpool.director_keys),
  };
}

function thresholdsOf({ signed }: Root): Partial<Record<Role, number>> {
  const entries = Object.entries(signed.roles).map(([role, { threshold }]) => [role, threshold]);
  return Object.fromEntries(entries);
}

function without(keys: RoleKeys, beginning: string): RoleKeys {
  const isMeant = (key: PublicKey) => keyIdOf(key).startsWith(beginning);
  const count = Object.values(keys).flat().filter(isMeant).length;
  if (count !== 1 || beginning.length < 8) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${count} keys begin with ${beginning}`, {
      hint: "Give at least eight digits of a key id that `keys show` lists.",
    });
  }
  const entries = Object.entries(keys).map(([role, list]) => [
    role,
    list.filter((key: PublicKey) => !isMeant(key)),
  ]);
  return Object.fromEntries(entries) as RoleKeys;
}
