/**
 * One LevelDB folder, opened with care: an error of the medium makes the handle worthless, a folder
 * that lost its beginning is never taken for a new one, and another process is not pushed aside.
 */
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ClassicLevel } from "classic-level";
import { Level } from "level";
import { HeatpoolError } from "#core/errors.js";

// `level` is this class in Node, but its types hide `compactRange`.
const LevelDatabase = Level as unknown as typeof ClassicLevel;

/** An open handle. */
export type Database = ClassicLevel<Buffer, Buffer>;

/** One write of a batch. */
export type Operation =
  | { readonly type: "put"; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: "del"; readonly key: Buffer };

const IDENTITY = "store.json";
const FORMAT = 1;

/** Memory that collects writes before they become a table. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;

/** @throws HeatpoolError `STORE_LOCKED`, `STORE_DAMAGED`, `STORE_FAILED` */
export async function openDatabase(folder: string): Promise<Database> {
  const isKnown = await exists(join(folder, IDENTITY));
  const path = join(folder, "db");
  // A folder that lost CURRENT would be opened as new and its tables deleted.
  const isBegun = isKnown || (await holdsRecords(path));
  let database: Database;
  try {
    database = await openAt(path, !isBegun);
  } catch (cause) {
    const error = toStoreError(cause, folder);
    if (isBegun || error.code !== "STORE_DAMAGED") throw error;
    // The power went while it was being made; nobody was ever told that something is in it.
    await rm(path, { recursive: true });
    database = await openAt(path, true).catch((again: unknown) => {
      throw toStoreError(again, folder);
    });
  }
  if (!isKnown) await writeIdentity(folder);
  return database;
}

async function openAt(path: string, createIfMissing: boolean): Promise<Database> {
  const database = new LevelDatabase<Buffer, Buffer>(path, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    writeBufferSize: WRITE_BUFFER_BYTES,
    // Blocks do not shrink any more.
    compression: false,
    createIfMissing,
  });
  await database.open();
  return database;
}

/** Whether there are tables, or logs with bytes in them. */
async function holdsRecords(path: string): Promise<boolean> {
  for (const name of await readdir(path).catch(() => [])) {
    if (/\.(ldb|sst)$/.test(name)) return true;
    if (name.endsWith(".log") && (await stat(join(path, name))).size > 0) return true;
  }
  return false;
}

/** What the library says, in our words. */
export function toStoreError(cause: unknown, what: string): HeatpoolError {
  if (cause instanceof HeatpoolError) return cause;
  const codes = [codeOf(cause), codeOf((cause as { cause?: unknown } | undefined)?.cause)];
  if (codes.includes("LEVEL_LOCKED")) {
    return new HeatpoolError("STORE_LOCKED", `${what}: another process has it open`, {
      cause,
      hint: "Stop other backends that use this folder.",
    });
  }
  if (codes.includes("LEVEL_CORRUPTION") || /does not exist|CURRENT/.test(textOf(cause))) {
    return new HeatpoolError("STORE_DAMAGED", `${what}: ${textOf(cause)}`, {
      cause,
      hint: "Restore the store from a backup; do not delete the folder, its tables may be intact.",
    });
  }
  return new HeatpoolError("STORE_FAILED", `${what}: ${textOf(cause)}`, {
    cause,
    hint: "Look at free space and at the medium; nothing was acknowledged.",
  });
}

/** Whatever kept a write from becoming durable: the caller only has to know that it may come again. */
export function toWriteError(cause: unknown, what: string): HeatpoolError {
  const error = toStoreError(cause, what);
  if (error.code === "STORE_FAILED") return error;
  const more = error.hint === undefined ? { cause } : { cause, hint: error.hint };
  return new HeatpoolError("STORE_FAILED", error.message, more);
}

/** Bytes of all files of a folder. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  // A compaction may delete a table between listing and looking.
  const sizes = names.map((name) => stat(join(folder, name)).catch(() => undefined));
  const found = await Promise.all(sizes);
  return found.reduce((sum, one) => sum + (one?.isFile() ? one.size : 0), 0);
}

function codeOf(cause: unknown): unknown {
  return (cause as { code?: unknown } | undefined)?.code;
}

function textOf(cause: unknown): string {
  const inner = (cause as { cause?: unknown } | undefined)?.cause;
  const innermost = inner instanceof Error ? inner : cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Durable before it counts: temporary file, sync, rename, sync of the folder. */
async function writeIdentity(folder: string): Promise<void> {
  const temporary = join(folder, `${IDENTITY}.new`);
  const file = await open(temporary, "w");
  await file.writeFile(`${JSON.stringify({ format: FORMAT })}\n`);
  await file.sync();
  await file.close();
  await rename(temporary, join(folder, IDENTITY));
  const handle = await open(folder, "r");
  await handle.sync();
  await handle.close();
}
