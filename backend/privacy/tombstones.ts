/**
 * Tombstones: which installations were erased, without naming them. What comes late from one of
 * them is refused, its id is not taken again, and a store restored from a backup is cleaned anew.
 *
 * The file holds a random key and, a line each, HMACs of ids under it, the later lines of one id with
 * when it was erased and how much was removed: a receipt that names nobody. It lies beside the store, not
 * in it, so that restoring an older store does not bring the erased back.
 */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";

/** Erased installations. */
export interface Tombstones {
  readonly count: number;
  has(installationId: string): boolean;
  /** Durable when it resolves. Twice is once. @throws HeatpoolError `STATE_INVALID` not written */
  add(installationId: string): Promise<void>;
  /** What was removed of an erased installation; `undefined`: it is not through, or not erased. */
  removalOf(installationId: string): Removal | undefined;
  /** Durable when it resolves. @throws HeatpoolError `STATE_INVALID` not written */
  noteRemoval(installationId: string, removal: Removal): Promise<void>;
}

/** How much an erasure removed, and when it was through. */
export interface Removal {
  readonly erasedAtMs: number;
  readonly batches: number;
  readonly refusedBatches: number;
  readonly losses: number;
}

const KEY_BYTES = 32;
const KEY_LINE = /^key ([0-9a-f]{64})$/;
const TOMBSTONE_LINE = /^([0-9a-f]{64})(?: (\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16}))?$/;
/** For the owner alone. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** @throws HeatpoolError `STATE_INVALID` the file cannot be read or is none of tombstones */
export function openTombstones(path: string, chance: Chance): Tombstones {
  const found = read(path);
  const key = found?.key ?? Buffer.from(chance(KEY_BYTES));
  const known = found?.known ?? new Map<string, Removal | undefined>();
  // What comes before the next line: the key of a new file, or the end of a line that was cut.
  let before = found === undefined ? `key ${key.toString("hex")}\n` : found.isCut ? "\n" : "";
  const name = (id: string): string => createHmac("sha256", key).update(id).digest("hex");
  const write = async (line: string): Promise<void> => {
    await append(path, `${before}${line}\n`);
    before = "";
  };
  return {
    get count() {
      return known.size;
    },
    has: (id) => known.size > 0 && known.has(name(id)),
    async add(id) {
      const hmac = name(id);
      if (known.has(hmac)) return;
      await write(hmac);
      known.set(hmac, undefined);
    },
    removalOf: (id) => known.get(name(id)),
    async noteRemoval(id, removal) {
      const hmac = name(id);
      const { erasedAtMs, batches, refusedBatches, losses } = removal;
      await write(`${hmac} ${erasedAtMs} ${batches} ${refusedBatches} ${losses}`);
      known.set(hmac, removal);
    },
  };
}

/** What a file of tombstones holds. */
export interface KeptTombstones {
  readonly key: Buffer;
  /** By HMAC, hexadecimal; without a removal where the erasure is not through. */
  readonly known: ReadonlyMap<string, Removal | undefined>;
}

/** `undefined`: there is no file. @throws HeatpoolError `STATE_INVALID` */
export function readTombstones(path: string): KeptTombstones | undefined {
  return read(path);
}

function read(
  path: string,
): { key: Buffer; known: Map<string, Removal | undefined>; isCut: boolean } | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw invalid(`cannot read ${path}`, cause);
  }
  const [first = "", ...lines] = text.split("\n");
  const key = KEY_LINE.exec(first)?.[1];
  if (key === undefined) throw invalid(`${path} does not begin with a key`);
  const known = new Map<string, Removal | undefined>();
  for (const line of lines) {
    const [, hmac, atMs, ...counts] = TOMBSTONE_LINE.exec(line) ?? [];
    if (hmac === undefined) continue;
    const [batches = 0, refusedBatches = 0, losses = 0] = counts.map(Number);
    const removal = { erasedAtMs: Number(atMs), batches, refusedBatches, losses };
    known.set(hmac, atMs === undefined ? known.get(hmac) : removal);
  }
  return { key: Buffer.from(key, "hex"), known, isCut: !text.endsWith("\n") };
}

async function append(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    await writeAndSync(path, text);
  } catch (cause) {
    throw invalid(`cannot write ${path}`, cause);
  }
}

async function writeAndSync(path: string, text: string): Promise<void> {
  const file = await open(path, "a", FILE_MODE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function invalid(what: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("STATE_INVALID", what, {
    cause,
    hint: "Restore it from a backup: without it erased installations could come back.",
  });
}
