/**
 * Quarantines as small JSON files, one per profile and firmware. A file is replaced as a whole
 * (written beside, synced, renamed), so that a power cut leaves the old one or the new one. What
 * cannot be read counts as nothing: the device is asked again.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type {
  QuarantineEntry,
  QuarantineKey,
  QuarantineState,
  QuarantineStore,
} from "./quarantine.js";

/** More is no file of ours. */
const FILE_BYTES_MAX = 1 << 20;
const SPACES = ["coil", "discrete", "holding", "input"];

/** @param folder made when it is not there */
export function createFileQuarantineStore(folder: string): QuarantineStore {
  const pathOf = (key: QuarantineKey) => join(folder, `${nameOf(key)}.json`);
  return {
    async load(key) {
      const text = await readFile(pathOf(key), "utf8").catch(() => "");
      return text.length > FILE_BYTES_MAX ? undefined : parseState(text, key);
    },
    async save(key, state) {
      await mkdir(folder, { recursive: true, mode: 0o750 });
      const path = pathOf(key);
      await writeSynced(`${path}.new`, `${JSON.stringify({ ...key, ...state }, undefined, 2)}\n`);
      await rename(`${path}.new`, path);
      await syncFolder(folder);
    },
  };
}

/** Readable for people, unique by the hash behind it. */
function nameOf(key: QuarantineKey): string {
  const parts = [key.profile, key.profileVersion, key.firmware];
  const hash = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
  return `${key.profile.replaceAll(/[^a-z0-9.-]/gi, "_")}-${hash}`;
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o640);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The rename itself is durable only when its folder is synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function parseState(text: string, key: QuarantineKey): QuarantineState | undefined {
  const parsed = parseJson(text);
  if (!isRecord(parsed) || !Array.isArray(parsed.entries)) return undefined;
  if (parsed.profile !== key.profile || parsed.profileVersion !== key.profileVersion)
    return undefined;
  if (parsed.firmware !== key.firmware || !parsed.entries.every(isEntry)) return undefined;
  const limit = parsed.wordsPerReadMax;
  return {
    entries: parsed.entries.map((entry) => ({ ...entry, lastRecheckMs: entry.lastRecheckMs })),
    wordsPerReadMax: isCount(limit) && limit > 0 ? limit : undefined,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is QuarantineEntry {
  if (!isRecord(value)) return false;
  const { unitId, address, words, code, firstSeenMs, rechecks } = value;
  return (
    typeof value.registerId === "string" &&
    SPACES.includes(String(value.space)) &&
    [unitId, address, words, code, firstSeenMs, rechecks].every(isCount)
  );
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
