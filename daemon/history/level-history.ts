/**
 * The history on LevelDB: each record behind a CRC-32 of key and bytes, each commit synced. A folder
 * that does not open any more is put aside under another name and a new one begun: the heat pump is
 * read and shown all the same, and a person may look at the old one.
 */
import { mkdir, rename, rm } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { ClassicLevel } from "classic-level";
import { Level } from "level";
import { HeatpoolError } from "#core/errors.js";
import { type HistoryOptions, openBlockHistory } from "./block-history.js";
import type { BlockStore } from "./block-store.js";
import type { History } from "./history.js";

// `level` is this class in Node, with fewer types.
const LevelDatabase = Level as unknown as typeof ClassicLevel;
type Database = ClassicLevel<Buffer, Buffer>;

/** A commit has a few KB; a Pi has better uses for memory. */
const WRITE_BUFFER_BYTES = 256 * 1024;
const CACHE_BYTES = 256 * 1024;
const CRC_BYTES = 4;
const FOLDER_MODE = 0o700;

/**
 * @param onLost the old folder did not open and is put aside
 * @throws HeatpoolError `STORE_LOCKED` another process has it · `STORE_FAILED` · `STORE_DAMAGED`
 */
export async function openLevelHistory(
  folder: string,
  options: HistoryOptions,
  onLost: (cause: unknown) => void,
): Promise<History> {
  const database = await openOrRenew(folder, onLost);
  try {
    return await openBlockHistory(toBlockStore(database, folder), options);
  } catch (fault) {
    await database.close();
    throw fault;
  }
}

function toBlockStore(database: Database, folder: string): BlockStore {
  const guard = (cause: unknown): never => {
    throw failed(folder, cause);
  };
  return {
    async write(changes) {
      const operations = changes.map(({ key, value }) =>
        value === undefined
          ? ({ type: "del", key } as const)
          : ({ type: "put", key, value: wrap(key, value) } as const),
      );
      await database.batch(operations, { sync: true }).catch(guard);
    },
    async get(key) {
      const value = await database.get(key).catch(guard);
      return value === undefined ? undefined : unwrap(key, value);
    },
    between(first, end) {
      // The iterator sees what is there at this moment.
      const records = database.iterator({ gte: first, lt: end });
      return (async function* () {
        for await (const [key, value] of records) yield { key, value: unwrap(key, value) };
      })();
    },
    compact: (first, end) => database.compactRange(first, end).catch(guard),
    close: () => database.close(),
  };
}

async function openOrRenew(folder: string, onLost: (cause: unknown) => void): Promise<Database> {
  try {
    return await openAt(folder);
  } catch (cause) {
    if (codeOf(cause) === "LEVEL_LOCKED") {
      throw new HeatpoolError("STORE_LOCKED", `${folder}: another process has it open`, {
        cause,
        hint: "While the daemon runs, ask it instead: it shows the history on its page.",
      });
    }
    if (!isDamage(cause)) throw failed(folder, cause);
    onLost(cause);
    const aside = `${folder}.damaged`;
    await rm(aside, { recursive: true, force: true });
    await rename(folder, aside);
    return await openAt(folder).catch((again: unknown) => {
      throw failed(folder, again);
    });
  }
}

async function openAt(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const database = new LevelDatabase<Buffer, Buffer>(folder, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES,
    compression: false,
  });
  await database.open();
  return database;
}

function wrap(key: Buffer, bytes: Buffer): Buffer {
  const sum = Buffer.alloc(CRC_BYTES);
  sum.writeUInt32BE(crc32(bytes, crc32(key)));
  return Buffer.concat([sum, bytes]);
}

function unwrap(key: Buffer, value: Buffer): Buffer | undefined {
  if (value.length < CRC_BYTES) return undefined;
  const bytes = value.subarray(CRC_BYTES);
  return value.readUInt32BE() === crc32(bytes, crc32(key)) ? bytes : undefined;
}

/** The code stands in the error or in its cause. */
function codeOf(cause: unknown): unknown {
  const inner = (cause as { cause?: { code?: unknown } } | undefined)?.cause?.code;
  return inner ?? (cause as { code?: unknown } | undefined)?.code;
}

function isDamage(cause: unknown): boolean {
  const inner = (cause as { cause?: unknown } | undefined)?.cause;
  const says = /corrupt|CURRENT|No such file/i.test(String(inner ?? cause));
  return codeOf(cause) === "LEVEL_CORRUPTION" || says;
}

function failed(folder: string, cause: unknown): HeatpoolError {
  return new HeatpoolError("STORE_FAILED", `${folder}: ${String(cause)}`, {
    cause,
    hint: "Look at free space and at the medium.",
  });
}
