/**
 * The remembered catalogue on LevelDB: one record per file, each behind a CRC-32 of name and bytes,
 * all replaced in one synced batch.
 *
 * A database that does not open any more is thrown away: metadata come again, and the pinned root
 * still decides; what is lost is the memory of versions, which the caller is told.
 */
import { mkdir, rm } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { ClassicLevel } from "classic-level";
import { Level } from "level";
import { ROLES } from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";
import { type MetadataStore, NOTHING, type Remembered } from "./metadata-store.js";

// `level` is this class in Node, with fewer types.
const LevelDatabase = Level as unknown as typeof ClassicLevel;
type Database = ClassicLevel<string, Buffer>;

/** All of it is smaller than one targets file; a Pi has better uses for memory. */
const WRITE_BUFFER_BYTES = 256 * 1024;
const CACHE_BYTES = 256 * 1024;
const CRC_BYTES = 4;
const FOLDER_MODE = 0o700;
const ACCEPTED = ["timestamp", "targets"] as const;

/**
 * @param onLost the old one could not be opened and was thrown away
 * @throws HeatpoolError `STORE_LOCKED` another process has it · `STORE_FAILED`
 */
export async function openLevelMetadataStore(
  folder: string,
  onLost: (cause: unknown) => void,
): Promise<MetadataStore> {
  const database = await openOrRenew(folder, onLost);
  return {
    read: () => readAll(database),
    async commit(remembered) {
      const records = toRecords(remembered);
      const operations = NAMES.map((key) => {
        const bytes = records.get(key);
        return bytes === undefined
          ? ({ type: "del", key } as const)
          : ({ type: "put", key, value: wrap(key, bytes) } as const);
      });
      await database.batch(operations, { sync: true }).catch((cause: unknown) => {
        throw failed(folder, cause);
      });
    },
    close: () => database.close(),
  };
}

const NAMES: readonly string[] = [
  "pin",
  "signed-at",
  ...ROLES.map((role) => `file/${role}`),
  ...ACCEPTED.map((role) => `accepted/${role}`),
];

async function openOrRenew(folder: string, onLost: (cause: unknown) => void): Promise<Database> {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    return await openAt(folder);
  } catch (cause) {
    if (codeOf(cause) === "LEVEL_LOCKED") {
      throw new HeatpoolError("STORE_LOCKED", `${folder}: another process has it open`, { cause });
    }
    if (!isDamage(cause)) throw failed(folder, cause);
    onLost(cause);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    return await openAt(folder).catch((again: unknown) => {
      throw failed(folder, again);
    });
  }
}

async function openAt(folder: string): Promise<Database> {
  const database = new LevelDatabase<string, Buffer>(folder, {
    keyEncoding: "utf8",
    valueEncoding: "buffer",
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES,
    compression: false,
  });
  await database.open();
  return database;
}

async function readAll(database: Database): Promise<Remembered> {
  const found = new Map<string, Buffer>();
  for (const key of NAMES) {
    // A block that cannot be read is a record that is not there.
    const value = await database.get(key).catch(() => undefined);
    const bytes = value === undefined ? undefined : unwrap(key, value);
    if (bytes !== undefined) found.set(key, bytes);
  }
  const pick = <R extends string>(prefix: string, roles: readonly R[]) =>
    Object.fromEntries(
      roles.flatMap((role) => {
        const bytes = found.get(`${prefix}/${role}`);
        return bytes === undefined ? [] : [[role, bytes]];
      }),
    ) as Partial<Record<R, Buffer>>;
  const signedAtMs = Number(found.get("signed-at")?.toString("latin1") ?? 0);
  return {
    ...NOTHING,
    pin: found.get("pin")?.toString("latin1"),
    files: pick("file", ROLES),
    accepted: pick("accepted", ACCEPTED),
    signedAtMs: Number.isSafeInteger(signedAtMs) && signedAtMs > 0 ? signedAtMs : 0,
  };
}

function toRecords({ pin, files, accepted, signedAtMs }: Remembered): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  if (pin !== undefined) records.set("pin", Buffer.from(pin));
  if (signedAtMs > 0) records.set("signed-at", Buffer.from(String(signedAtMs)));
  for (const [role, bytes] of Object.entries(files)) records.set(`file/${role}`, bytes);
  for (const [role, bytes] of Object.entries(accepted)) records.set(`accepted/${role}`, bytes);
  return records;
}

function sumOf(key: string, bytes: Uint8Array): number {
  return crc32(bytes, crc32(key));
}

function wrap(key: string, bytes: Buffer): Buffer {
  const sum = Buffer.alloc(CRC_BYTES);
  sum.writeUInt32BE(sumOf(key, bytes));
  return Buffer.concat([sum, bytes]);
}

function unwrap(key: string, value: Buffer): Buffer | undefined {
  if (value.length < CRC_BYTES) return undefined;
  const bytes = value.subarray(CRC_BYTES);
  return value.readUInt32BE() === sumOf(key, bytes) ? bytes : undefined;
}

/** The code stands in the error or in its cause. */
function codeOf(cause: unknown): unknown {
  const inner = (cause as { cause?: { code?: unknown } } | undefined)?.cause?.code;
  return inner ?? (cause as { code?: unknown } | undefined)?.code;
}

function isDamage(cause: unknown): boolean {
  const inner = (cause as { cause?: unknown } | undefined)?.cause;
  // A file that the database names and that is gone counts as an error of the medium there.
  const says = /corrupt|CURRENT|No such file/i.test(String(inner ?? cause));
  return codeOf(cause) === "LEVEL_CORRUPTION" || says;
}

function failed(folder: string, cause: unknown): HeatpoolError {
  return new HeatpoolError("STORE_FAILED", `${folder}: ${String(cause)}`, {
    cause,
    hint: "Look at free space and at the medium.",
  });
}
