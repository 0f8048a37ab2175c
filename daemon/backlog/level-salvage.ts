/**
 * Copies what is intact out of databases that were set aside. Repeating it is harmless: records are
 * copied under their keys, and a database set aside goes only when all of it was copied.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Database, type OpenDatabase, repairDatabase } from "./level-database.js";
import { openRecord } from "./record.js";
import { syncFolder } from "./state-file.js";

const BAD = /^bad-\d+$/;
/** Records copied in one commit. */
const COPIED_AT_ONCE = 500;

/** Names of the databases set aside, oldest first. */
export async function listBad(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const numberOf = (name: string): number => Number(name.slice("bad-".length));
  return names.filter((name) => BAD.test(name)).sort((a, b) => numberOf(a) - numberOf(b));
}

/** Copies everything whose checksum agrees into `into`. Rejects only when `into` refuses. */
export async function salvage(
  directory: string,
  into: Database,
  openDatabase: OpenDatabase,
): Promise<void> {
  for (const name of await listBad(directory)) {
    const path = join(directory, name);
    const from = await openRepaired(path, openDatabase);
    if (from !== undefined) {
      try {
        await copyIntact(from, into);
      } finally {
        await from.close().catch(() => undefined);
      }
    }
    await rm(path, { recursive: true, force: true });
    await syncFolder(directory);
  }
}

async function openRepaired(
  path: string,
  openDatabase: OpenDatabase,
): Promise<Database | undefined> {
  try {
    await repairDatabase(path);
    return await openDatabase(path, false);
  } catch {
    return undefined;
  }
}

async function copyIntact(from: Database, into: Database): Promise<void> {
  const records = from.iterator();
  let found: { type: "put"; key: Buffer; value: Buffer }[] = [];
  const write = async (): Promise<void> => {
    if (found.length > 0) await into.batch(found, { sync: true });
    found = [];
  };
  for (;;) {
    // A table that cannot be read ends the walk; what came before it is kept.
    const next = await records.next().catch(() => undefined);
    if (next === undefined) break;
    const [key, value] = next;
    if (openRecord(key, value) !== undefined) found.push({ type: "put", key, value });
    if (found.length >= COPIED_AT_ONCE) await write();
  }
  await write();
  await records.close().catch(() => undefined);
}
