/** Makes and signs metadata with the models of @tufjs; the bytes are canonical JSON. */
import { type KeyObject, sign } from "node:crypto";
import {
  Key,
  Metadata,
  MetadataKind,
  MetaFile,
  Root,
  Signature,
  Snapshot,
  TargetFile,
  Targets,
  Timestamp,
} from "@tufjs/models";
import {
  type MetadataFile,
  type Role,
  readMetadata,
  sha256Hex,
  writeMetadata,
} from "#core/catalogue/metadata.js";
import { describeKey, keyIdOf, type PublicKey } from "#core/catalogue/public-key.js";
import { fromRelease, pathOf, type Release, toInstant } from "#core/catalogue/release.js";
import type { KeyRole } from "./catalogue.js";

const SPEC_VERSION = "1.0.31";

/** Version and end of what is made. */
export interface Life {
  readonly version: number;
  readonly expiresAtMs: number;
}

/** Keys of each role; thresholds where they are not 1. */
export type RoleKeys = Readonly<Record<KeyRole, readonly PublicKey[]>>;

/** @throws HeatpoolError `CATALOGUE_REFUSED` keys that no daemon would accept */
export function makeRoot(
  life: Life,
  keys: RoleKeys,
  thresholds: Readonly<Partial<Record<Role, number>>>,
): MetadataFile<"root"> {
  const director = keys.director.map((key) => [keyIdOf(key), key] as const);
  const root = new Root({
    ...common(life),
    consistentSnapshot: true,
    unrecognizedFields: { heatpool: { director_keys: toJson(Object.fromEntries(director)) } },
  });
  for (const role of ["root", "targets", "snapshot", "timestamp"] as const) {
    for (const key of keys[role]) root.addKey(toKey(key), role);
  }
  const json = root.toJSON() as { roles: Record<Role, { threshold: number }> };
  for (const [role, threshold] of Object.entries(thresholds)) {
    json.roles[role as Role].threshold = threshold;
  }
  return readMetadata("root", writeMetadata({ signed: json, signatures: [] }));
}

export function makeTargets(life: Life, releases: readonly Release[]): MetadataFile<"targets"> {
  const targets = new Targets({ ...common(life), targets: {} });
  for (const release of releases) {
    const { length, hashes, custom } = fromRelease(release);
    const path = pathOf(release.modelId, release.release);
    const more = { custom: toJson(custom) };
    targets.addTarget(new TargetFile({ path, length, hashes, unrecognizedFields: more }));
  }
  return toFile("targets", new Metadata(targets));
}

export function makeSnapshot(
  life: Life,
  targets: MetadataFile<"targets">,
): MetadataFile<"snapshot"> {
  const meta = { "targets.json": toMetaFile(targets) };
  return toFile("snapshot", new Metadata(new Snapshot({ ...common(life), meta })));
}

export function makeTimestamp(
  life: Life,
  snapshot: MetadataFile<"snapshot">,
  signedAtMs: number,
): MetadataFile<"timestamp"> {
  const timestamp = new Timestamp({
    ...common(life),
    snapshotMeta: toMetaFile(snapshot),
    unrecognizedFields: { heatpool: { signed_at: toInstant(signedAtMs) } },
  });
  return toFile("timestamp", new Metadata(timestamp));
}

/** Adds the signature of `key`; one that it made before is replaced. */
export function addSignature<R extends Role>(
  file: MetadataFile<R>,
  key: KeyObject,
): MetadataFile<R> {
  const json = JSON.parse(file.bytes.toString("latin1"));
  const metadata = Metadata.fromJSON(KINDS[file.role] as MetadataKind.Root, json);
  const keyID = keyIdOf(describeKey(key));
  metadata.sign((bytes) => {
    return new Signature({ keyID, sig: sign(undefined, bytes, key).toString("hex") });
  });
  return toFile(file.role, metadata);
}

const KINDS: Readonly<Record<Role, MetadataKind>> = {
  root: MetadataKind.Root,
  targets: MetadataKind.Targets,
  snapshot: MetadataKind.Snapshot,
  timestamp: MetadataKind.Timestamp,
};

function common({ version, expiresAtMs }: Life) {
  return { specVersion: SPEC_VERSION, version, expires: toInstant(expiresAtMs) };
}

function toMetaFile({ version, bytes }: MetadataFile<Role>): MetaFile {
  return new MetaFile({ version, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } });
}

function toKey(key: PublicKey): Key {
  return new Key({
    keyID: keyIdOf(key),
    keyType: key.keytype,
    scheme: key.scheme,
    keyVal: { ...key.keyval },
  });
}

/** The library wants plain objects without types of ours. */
function toJson<T>(value: T) {
  return JSON.parse(JSON.stringify(value)) as Record<string, never>;
}

function toFile<R extends Role>(role: R, metadata: { toJSON(): unknown }): MetadataFile<R> {
  const { signed, signatures } = metadata.toJSON() as { signed: unknown; signatures: unknown[] };
  return readMetadata(role, writeMetadata({ signed, signatures }));
}
