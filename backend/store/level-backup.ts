/**
 * LevelDB to and from a backup. Reading uses the snapshot that an iterator has of the instant of its
 * beginning; writing makes a store that did not exist before, and counts what is in it afterwards.
 */
import { mkdir, rename, rm } from "node:fs/promises";
import { HeatpoolError } from "#core/errors.js";
import type { EntryCounts, StoreEntry } from "./backup.js";
import { countEntry, demandSame } from "./backup-frames.js";
import { type Database, openDatabase } from "./level-database.js";
import { openValue } from "./store-values.js";

/** Records that are read at once. */
const STEP = 256;

/** @param folder names the store in errors */
export async function* readEntries(
  ready: () => Promise<Database>,
  folder: string,
): AsyncGenerator<readonly StoreEntry[], void, undefined> {
  const iterator = (await ready()).iterator();
  try {
    for (;;) {
      const entries = await iterator.nextv(STEP);
      if (entries.length === 0) return;
      yield entries;
    }
  } catch (cause) {
    throw new HeatpoolError("UNAVAILABLE", `${folder} was rewritten while it was read`, {
      cause,
      hint: "An erasure, or an error of the disk, came between; begin the backup again.",
    });
  } finally {
    await iterator.close().catch(() => undefined);
  }
}

/**
 * Makes a store of entries; under its name stands only what is whole.
 *
 * @param expected how many of each kind there must be; known when the entries have ended
 * @throws HeatpoolError `STORE_DAMAGED` a value does not match its checksum, or some are missing ·
 *   `STORE_FAILED`
 */
export async function restoreEntries(
  folder: string,
  entries: AsyncIterable<readonly StoreEntry[]>,
  expected: () => EntryCounts,
): Promise<EntryCounts> {
  const draft = `${folder}.part`;
  await rm(draft, { recursive: true, force: true });
  try {
    await mkdir(draft, { recursive: true, mode: 0o750 });
    const database = await openDatabase(draft);
    try {
      for await (const some of entries) await write(database, some);
    } finally {
      await database.close();
    }
    const found = await countAgain(draft);
    demandSame(found, expected());
    await rename(draft, folder);
    return found;
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    throw cause;
  }
}

async function write(database: Database, entries: readonly StoreEntry[]): Promise<void> {
  for (const [key, value] of entries) openValue(key, value);
  const operations = entries.map(([key, value]) => ({ type: "put" as const, key, value }));
  await database.batch(operations, { sync: true });
}

/** Reads everything back with another handle. */
async function countAgain(folder: string): Promise<EntryCounts> {
  const counts: Record<string, number> = {};
  const database = await openDatabase(folder);
  try {
    for await (const some of readEntries(async () => database, folder)) {
      for (const [key, value] of some) {
        openValue(key, value);
        countEntry(counts, key);
      }
    }
    return counts;
  } finally {
    await database.close();
  }
}
