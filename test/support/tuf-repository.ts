/**
 * A TUF repository in memory that signs whatever it is told, also what must be refused: tests change
 * one thing at a time and ask the daemon's adapter what it makes of it.
 */
import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { canonicalJson } from "#core/catalogue/canonical-json.js";
import type { Role } from "#core/catalogue/metadata.js";
import { describeKey, keyIdOf, type PublicKey, toPrivateDer } from "#core/catalogue/public-key.js";
import { fromRelease, pathOf, type Release, toInstant } from "#core/catalogue/release.js";
import type { MetadataSource } from "../../daemon/catalogue/catalogue.js";

export const DAY_MS = 86_400_000;
export const START_MS = Date.UTC(2026, 10, 1);

/** A key pair of a test. */
export interface TestKey {
  readonly id: string;
  readonly publicKey: PublicKey;
  readonly privateKey: KeyObject;
}

const testKeys = new Map<string, TestKey>();

/** The key that grows from `name`: the same in every run. */
export function testKey(name: string): TestKey {
  const made = testKeys.get(name) ?? makeKey(name);
  testKeys.set(name, made);
  return made;
}

function makeKey(name: string): TestKey {
  const seed = createHash("sha256").update(`heatpool test ${name}`).digest();
  const der = toPrivateDer(seed);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = describeKey(privateKey);
  return { id: keyIdOf(publicKey), publicKey, privateKey };
}

/** Metadata as JSON, free to be changed. */
// biome-ignore lint/suspicious/noExplicitAny: tests write what no type allows
export type Json = any;

/** Signs `signed` as it is. */
export function signedFile(signed: Json, keys: readonly TestKey[]): Json {
  const bytes = Buffer.from(canonicalJson(signed));
  const signatures = keys.map(({ id, privateKey }) => ({
    keyid: id,
    sig: sign(undefined, bytes, privateKey).toString("hex"),
  }));
  return { signatures, signed };
}

export function toBytes(json: Json): Buffer {
  return Buffer.from(canonicalJson(json), "latin1");
}

export function aRelease(changes: Partial<Omit<Release, "path">> = {}): Release {
  const release = {
    modelId: "aero-slm",
    release: 1,
    length: 1_000,
    sha256: createHash("sha256").update("model").digest("hex"),
    plainSha256: createHash("sha256").update("plain").digest("hex"),
    plainLen: 2_000,
    heatpumpModels: ["AERO_SLM"],
    schema: "heatpool-model/1",
    minDaemon: "0.1.0",
    revoked: false,
    kInstallations: 30,
    trainedAtMs: START_MS - DAY_MS,
    ...changes,
  };
  return { ...release, path: pathOf(release.modelId, release.release) };
}

/** A repository, its keys, and what it holds. */
export class TufRepository implements MetadataSource {
  /** Who signs now; replaced when keys rotate. */
  keys: Record<Role | "director", TestKey[]> = {
    root: ["r1", "r2", "r3"].map(testKey),
    targets: [testKey("targets")],
    snapshot: [testKey("snapshot")],
    timestamp: [testKey("timestamp")],
    director: [testKey("director")],
  };
  thresholds: Record<Role, number> = { root: 2, targets: 1, snapshot: 1, timestamp: 1 };
  versions: Record<Role, number> = { root: 0, targets: 0, snapshot: 0, timestamp: 0 };
  releases: Release[] = [aRelease()];
  nowMs: number = START_MS;
  /** By name, e.g. `3.root.json`. */
  readonly files: Map<string, Buffer> = new Map();
  /** What was asked for. */
  readonly asked: string[] = [];
  /** Instead of an answer. */
  answer: ((name: string) => Promise<Uint8Array | undefined>) | undefined;
  readonly expires: Record<Role, number> = {
    root: 365 * DAY_MS,
    targets: 90 * DAY_MS,
    snapshot: 7 * DAY_MS,
    timestamp: 3 * DAY_MS,
  };

  constructor() {
    this.root();
    this.publish();
  }

  async fetch(role: Role, version: number | undefined): Promise<Uint8Array | undefined> {
    const name = version === undefined ? `${role}.json` : `${version}.${role}.json`;
    this.asked.push(name);
    return this.answer === undefined ? this.files.get(name) : this.answer(name);
  }

  bytes(role: Role, version = this.versions[role]): Buffer {
    const name = role === "timestamp" ? "timestamp.json" : `${version}.${role}.json`;
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Error(`no ${name}`);
    return bytes;
  }

  json(role: Role, version?: number): Json {
    return JSON.parse(this.bytes(role, version).toString("latin1"));
  }

  put(role: Role, version: number, file: Json | Buffer): void {
    const name = role === "timestamp" ? "timestamp.json" : `${version}.${role}.json`;
    this.files.set(name, Buffer.isBuffer(file) ? file : toBytes(file));
  }

  /** The next root. @param by who signs; the keys of the root role unless told */
  root(by: readonly TestKey[] = this.keys.root, change: (signed: Json) => void = () => {}): void {
    const version = ++this.versions.root;
    const all = [...this.keys.root, ...this.keys.targets, ...this.keys.snapshot];
    const keys = [...all, ...this.keys.timestamp].map(({ id, publicKey }) => [id, publicKey]);
    const role = (name: Role) => ({
      keyids: this.keys[name].map(({ id }) => id),
      threshold: this.thresholds[name],
    });
    // A copy: what a test changes must not change the keys.
    const signed: Json = structuredClone({
      ...this.common("root", version),
      consistent_snapshot: true,
      keys: Object.fromEntries(keys),
      roles: {
        root: role("root"),
        targets: role("targets"),
        snapshot: role("snapshot"),
        timestamp: role("timestamp"),
      },
      heatpool: {
        director_keys: Object.fromEntries(
          this.keys.director.map(({ id, publicKey }) => [id, publicKey]),
        ),
      },
    });
    change(signed);
    this.put("root", version, signedFile(signed, by));
  }

  targets(change: (signed: Json) => void = () => {}, by = this.keys.targets): void {
    const version = ++this.versions.targets;
    const list = this.releases.map((one) => [one.path, fromRelease(one)]);
    const signed = { ...this.common("targets", version), targets: Object.fromEntries(list) };
    change(signed);
    this.put("targets", version, signedFile(signed, by));
  }

  snapshot(change: (signed: Json) => void = () => {}, by = this.keys.snapshot): void {
    const version = ++this.versions.snapshot;
    const meta = { "targets.json": this.describe("targets") };
    const signed = { ...this.common("snapshot", version), meta };
    change(signed);
    this.put("snapshot", version, signedFile(signed, by));
  }

  timestamp(change: (signed: Json) => void = () => {}, by = this.keys.timestamp): void {
    const version = ++this.versions.timestamp;
    const signed = {
      ...this.common("timestamp", version),
      meta: { "snapshot.json": this.describe("snapshot") },
      heatpool: { signed_at: toInstant(this.nowMs) },
    };
    change(signed);
    this.put("timestamp", version, signedFile(signed, by));
  }

  /** New targets, snapshot and timestamp. */
  publish(): void {
    this.targets();
    this.refreshed();
  }

  /** New snapshot and timestamp of the same targets. */
  refreshed(): void {
    this.snapshot();
    this.timestamp();
  }

  /** How the newest file of `role` is listed by the next. */
  describe(role: "targets" | "snapshot"): Json {
    const bytes = this.bytes(role);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { version: this.versions[role], length: bytes.length, hashes: { sha256 } };
  }

  private common(role: Role, version: number): Json {
    const expires = toInstant(this.nowMs + this.expires[role]);
    return { _type: role, spec_version: "1.0.31", version, expires };
  }
}
