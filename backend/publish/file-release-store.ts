/**
 * Releases in a folder: `<model>/<release>/` with `model.enc`, `cek` (under the store key) and, as
 * the last that is written, `release.json`. A folder without it is what a killed publication left.
 */
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Chance } from "#core/clock.js";
import { isModelId } from "#core/envelope/model-header.js";
import { unwrapKey, wrapKey } from "#core/envelope/wrapped-key.js";
import { HeatpoolError } from "#core/errors.js";
import type { ReleaseFacts, ReleaseStore } from "./release-store.js";

const FACTS = "release.json";
const FILE = "model.enc";
const KEY = "cek";
const NONCE_BYTES = 12;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** What the store is opened with. */
export interface FileReleaseStoreParts {
  readonly folder: string;
  /** 32 bytes that seal the content keys. */
  readonly storeKey: Uint8Array;
  readonly chance: Chance;
}

export function openFileReleaseStore(parts: FileReleaseStoreParts): ReleaseStore {
  const { folder, storeKey, chance } = parts;
  const at = (modelId: string, release: number, name: string) =>
    join(folder, modelId, String(release), name);
  const place = (modelId: string, release: number) => ({
    domain: "heatpool-store/v1" as const,
    secret: storeKey,
    name: `cek/${modelId}/${release}`,
  });

  async function read(modelId: string, release: number, name: string): Promise<Buffer> {
    const isNamed = isModelId(modelId) && Number.isSafeInteger(release) && release >= 1;
    const missing = new HeatpoolError("NOT_FOUND", `no release ${release} of ${modelId}`);
    if (!isNamed) throw missing;
    try {
      return await readFile(at(modelId, release, name));
    } catch (cause) {
      if (isAbsent(cause)) throw missing;
      const what = `${at(modelId, release, name)}: ${(cause as NodeJS.ErrnoException).code}`;
      throw new HeatpoolError("STORE_FAILED", what, { cause, hint: "Look at the medium." });
    }
  }
  const readFacts = async (modelId: string, release: number): Promise<ReleaseFacts> => {
    const text = (await read(modelId, release, FACTS)).toString();
    try {
      const facts = JSON.parse(text) as ReleaseFacts | null;
      if (facts?.modelId === modelId && facts.release === release) return facts;
    } catch {
      // Told below: not even JSON.
    }
    const path = at(modelId, release, FACTS);
    throw new HeatpoolError("STORE_DAMAGED", `${path}: not the facts of a release`, {
      hint: "Restore the folder of that release from a backup, or move it away and publish again.",
    });
  };

  return {
    async list() {
      const models = (await names(folder)).filter(isModelId).toSorted(byText);
      const all: ReleaseFacts[] = [];
      for (const modelId of models) {
        const releases = (await names(join(folder, modelId))).map(Number).toSorted((a, b) => a - b);
        for (const release of releases) {
          const facts = await readFacts(modelId, release).catch(ifMissing);
          if (facts !== undefined) all.push(facts);
        }
      }
      return all;
    },
    async add(facts, file, cek) {
      const { modelId, release } = facts;
      if ((await readFacts(modelId, release).catch(ifMissing)) !== undefined)
        throw new HeatpoolError("INVALID_ARGUMENT", `release ${release} of ${modelId} exists`);
      const own = dirname(at(modelId, release, FACTS));
      await rm(own, { recursive: true, force: true });
      await mkdir(own, { recursive: true, mode: FOLDER_MODE });
      const sealed = wrapKey(place(modelId, release), cek, chance(NONCE_BYTES));
      await writeSynced(at(modelId, release, FILE), file);
      await writeSynced(at(modelId, release, KEY), sealed);
      await writeSynced(at(modelId, release, FACTS), Buffer.from(JSON.stringify(facts)));
    },
    async revoke(modelId, release) {
      const facts = { ...(await readFacts(modelId, release)), revoked: true };
      await writeSynced(at(modelId, release, FACTS), Buffer.from(JSON.stringify(facts)));
      return facts;
    },
    file: (modelId, release) => read(modelId, release, FILE),
    async cek(modelId, release) {
      const record = await read(modelId, release, KEY);
      const cek = unwrapKey(place(modelId, release), record);
      if (cek !== undefined) return cek;
      throw new HeatpoolError("STATE_INVALID", `${modelId}/${release}: another store key`, {
        hint: "Restore the store key that belongs to this state directory.",
      });
    },
  };
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw new HeatpoolError(
      "STORE_FAILED",
      `${folder} cannot be listed: ${(cause as NodeJS.ErrnoException).code}`,
      { cause, hint: "It is a folder; look at the medium, or bring it back from a backup." },
    );
  }
}

/** Written beside, synced, renamed, and the folder synced: wholly there or not at all. */
async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.new`;
  const handle = await open(beside, "w", FILE_MODE);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function ifMissing(error: unknown): undefined {
  if (error instanceof HeatpoolError && error.code === "NOT_FOUND") return undefined;
  throw error;
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}
