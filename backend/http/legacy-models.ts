/**
 * Published models as files for clients of the earlier server: JSON envelopes v2.0, made only with
 * a key that the operator supplies. Without one, models are listed and not given out this way.
 *
 * An envelope's bytes follow from content and key, so that they are the same after a restart and in
 * every process; they are made again for each download rather than kept.
 */
import { createHash } from "node:crypto";
import type { LegacyEnvelopes } from "#core/envelope/legacy-envelope.js";
import { openModel } from "#core/envelope/model-open.js";
import { HeatpoolError } from "#core/errors.js";
import type { Listed } from "../catalogue/listed-releases.js";
import type { ReleaseFacts, ReleaseStore } from "../publish/release-store.js";
import type { ModelFile, ModelFiles } from "./http.js";

/** What they are made from. */
export interface LegacyParts {
  readonly store: Pick<ReleaseStore, "file" | "cek">;
  listed(): Listed;
  /** Left out: the operator supplied no key. */
  readonly envelopes: LegacyEnvelopes | undefined;
  /** 16 bytes that nobody can foretell who does not know the key. */
  toIv(about: string): Uint8Array;
}

/** Files, and the hand that brings them up to date. */
export interface LegacyModels extends ModelFiles {
  /** Makes what the catalogue lists by now. */
  refresh(): Promise<void>;
}

const GENERIC = "generic";
const EVERY_MODEL = "*";
/** An envelope is held in memory several times while it is made. */
const PLAIN_BYTES_MAX = 8 * 1024 * 1024;
const NO_KEY =
  "Models are given out here only by gRPC: the operator has set no key for earlier clients";

export function createLegacyModels(parts: LegacyParts): LegacyModels {
  const { envelopes, listed } = parts;
  const files = new Map<string, { file: ModelFile; release: ReleaseFacts }>();
  let working: Promise<void> = Promise.resolve();

  const make = async (): Promise<void> => {
    const wanted = newestByName(listed().releases);
    for (const name of files.keys()) if (!wanted.has(name)) files.delete(name);
    for (const [name, release] of wanted) {
      if (files.get(name)?.release.sha256 === release.sha256) continue;
      const file = await describe(name, release);
      if (file === undefined) files.delete(name);
      else files.set(name, { file, release });
    }
  };

  async function describe(name: string, release: ReleaseFacts): Promise<ModelFile | undefined> {
    const filename = `${name}.enc`;
    const same = { name, filename, modifiedAtMs: release.trainedAtMs };
    if (envelopes === undefined)
      return { ...same, sizeBytes: release.length, hash: release.sha256 };
    if (release.plainLen > PLAIN_BYTES_MAX) return undefined;
    const bytes = await seal(envelopes, filename, release);
    const hash = createHash("sha256").update(bytes).digest("hex");
    return { ...same, sizeBytes: bytes.length, hash };
  }

  async function seal(
    legacy: LegacyEnvelopes,
    filename: string,
    release: ReleaseFacts,
  ): Promise<Buffer> {
    const { modelId, release: number, trainedAtMs, sha256 } = release;
    const cek = await parts.store.cek(modelId, number);
    const opened = openModel(await parts.store.file(modelId, number), cek, release);
    cek.fill(0);
    if (!("plain" in opened)) {
      throw new HeatpoolError("STATE_INVALID", `${modelId}/${number}: ${opened.reason}`);
    }
    const stamp = { at: Math.floor(trainedAtMs / 1000), iv: parts.toIv(`${filename} ${sha256}`) };
    return Buffer.from(legacy.seal(opened.plain, { filename }, stamp));
  }

  return {
    list: () => [...files.values()].map(({ file }) => file),
    find: (heatpumpModel) =>
      envelopes === undefined ? undefined : (files.get(heatpumpModel) ?? files.get(GENERIC))?.file,
    whyNone: () => (envelopes === undefined ? NO_KEY : undefined),
    async read(file) {
      const release = files.get(file.name)?.release;
      if (envelopes === undefined || release === undefined) {
        throw new HeatpoolError("NOT_FOUND", `${file.filename} is not published any more`);
      }
      return seal(envelopes, file.filename, release);
    },
    refresh() {
      working = working.then(make, make);
      return working;
    },
  };
}

/** The newest release for each heat pump model, and for all of them. */
function newestByName(releases: readonly ReleaseFacts[]): Map<string, ReleaseFacts> {
  const newest = new Map<string, ReleaseFacts>();
  for (const release of releases) {
    if (release.revoked) continue;
    for (const model of release.heatpumpModels) {
      const name = model === EVERY_MODEL ? GENERIC : model;
      const known = newest.get(name);
      if (known === undefined || isNewer(release, known)) newest.set(name, release);
    }
  }
  return newest;
}

/** Of one model the higher release; of several the one that was trained last. */
function isNewer(one: ReleaseFacts, other: ReleaseFacts): boolean {
  if (one.modelId === other.modelId) return one.release > other.release;
  return one.trainedAtMs > other.trainedAtMs;
}
