/**
 * Checks databases before LevelDB touches them, and copies what is intact out of those that were set
 * aside. Repeating a copy is harmless: records keep their keys, and a database set aside goes only
 * when all of it was copied.
 */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "./level-database.js";
import {
  isTableSound,
  readLog,
  readTable,
  readTableNumbers,
  type StoredWrite,
} from "./level-files.js";
import { openRecord } from "./record.js";
import { syncFolder } from "./state-file.js";

const BAD = /^bad-\d+$/;
const TABLE = /^\d+\.(ldb|sst)$/;
const LOG = /^\d+\.log$/;
/** Records copied in one commit. */
const COPIED_AT_ONCE = 500;
/** A damaged block of 4 KiB may hold the newest writes of all, but no more than so many. */
const BLOCK_RECORDS_MAX = 128n;

/** Names of the databases set aside, oldest first. */
export async function listBad(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const numberOf = (name: string): number => Number(name.slice("bad-".length));
  return names.filter((name) => BAD.test(name)).sort((a, b) => numberOf(a) - numberOf(b));
}

/** Whether LevelDB may merge the tables of this database without ending the process. */
export async function isSound(path: string): Promise<boolean> {
  const leftOver = await findLeftOver(path);
  for (const name of await readdir(path).catch(() => [])) {
    if (!TABLE.test(name) || leftOver.has(name)) continue;
    if (!isTableSound(await readFile(join(path, name)))) return false;
  }
  return true;
}

/**
 * Tables that were being made when the power went, and are not whole. The manifest does not name
 * them, LevelDB never reads them, and what they were made of is still there. To take them for
 * damage would mix half of a commit that failed into everything that was committed.
 */
async function findLeftOver(path: string): Promise<ReadonlySet<string>> {
  const leftOver = new Set<string>();
  const current = await readFile(join(path, "CURRENT"), "utf8").catch(() => undefined);
  if (current === undefined) return leftOver;
  const manifest = await readFile(join(path, current.trim())).catch(() => undefined);
  const numbers = manifest && readTableNumbers(manifest);
  if (numbers === undefined) return leftOver;
  for (const name of await readdir(path)) {
    if (!TABLE.test(name) || numbers.has(Number.parseInt(name, 10))) continue;
    if (!isTableSound(await readFile(join(path, name)))) leftOver.add(name);
  }
  return leftOver;
}

/** Whether a process holds this database. Only Linux can tell without opening it. */
export async function isLocked(path: string): Promise<boolean> {
  try {
    const { ino } = await stat(join(path, "LOCK"));
    const locks = await readFile("/proc/locks", "utf8");
    return locks.split("\n").some((line) => line.includes(`:${ino} `));
  } catch {
    return false;
  }
}

/** Copies everything whose checksum agrees into `into`. Rejects only when `into` refuses. */
export async function salvage(directory: string, into: Database): Promise<void> {
  for (const name of await listBad(directory)) {
    const path = join(directory, name);
    await copyIntact(path, into);
    await rm(path, { recursive: true, force: true });
    await syncFolder(directory);
  }
}

/**
 * The newest write of each key wins, in whatever order the files are read. A record proves its key
 * and value, but not the number beside them: what is not sound and claims to be far newer than
 * everything that is has a damaged number, and counts as the oldest.
 */
async function copyIntact(path: string, into: Database): Promise<void> {
  const leftOver = await findLeftOver(path);
  const names = (await readdir(path)).filter((name) => !leftOver.has(name));
  const newestSound = await findNewestSound(path, names);
  const orders = new Map<string, bigint>();
  let changes: ({ type: "put"; key: Buffer; value: Buffer } | { type: "del"; key: Buffer })[] = [];
  const write = async (): Promise<void> => {
    if (changes.length > 0) await into.batch(changes, { sync: true });
    changes = [];
  };
  for (const name of names) {
    for (const one of await readWrites(join(path, name))) {
      const keyName = one.key.toString("latin1");
      const isLikely = one.isSound || one.order <= newestSound + BLOCK_RECORDS_MAX;
      const order = isLikely ? one.order : 0n;
      if (!isIntact(one) || (orders.get(keyName) ?? -1n) > order) continue;
      orders.set(keyName, order);
      const { key, value } = one;
      changes.push(value === undefined ? { type: "del", key } : { type: "put", key, value });
      if (changes.length >= COPIED_AT_ONCE) await write();
    }
  }
  await write();
}

async function findNewestSound(path: string, names: readonly string[]): Promise<bigint> {
  let newest = 0n;
  for (const name of names) {
    for (const { order, isSound } of await readWrites(join(path, name))) {
      if (isSound && order > newest) newest = order;
    }
  }
  return newest;
}

/** A record proves itself; a deletion has only the checksum around it. */
function isIntact({ key, value, isSound }: StoredWrite): boolean {
  return value === undefined ? isSound : openRecord(key, value) !== undefined;
}

async function readWrites(path: string): Promise<Iterable<StoredWrite>> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!TABLE.test(name) && !LOG.test(name)) return [];
  // A file that cannot be read at all has nothing to give.
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return LOG.test(name) ? readLog(bytes) : readTable(bytes);
}
