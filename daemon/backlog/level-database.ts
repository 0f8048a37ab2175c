/**
 * LevelDB as the backlog uses it: bytes, no compression (blocks do not shrink), a small write buffer
 * (it is what a Pi keeps in memory twice and what a start replays), every commit synced.
 */
import type { ClassicLevel } from "classic-level";
import { Level } from "level";

// `level` is this class in Node; its own types hide `repair` and `compactRange`.
const LevelDb = Level as unknown as typeof ClassicLevel;

/** A log is hardly longer than this. */
export const WRITE_BUFFER_BYTES = 256 * 1024;
/** 4-KiB blocks read twice are rare here; the default of 8 MiB would only take memory. */
const CACHE_BYTES = 512 * 1024;

/** The part of a LevelDB handle that the backlog needs; tests stand between. */
export type Database = Pick<
  ClassicLevel<Buffer, Buffer>,
  "batch" | "get" | "iterator" | "compactRange" | "close"
>;

/** Opens a database. */
export type OpenDatabase = (location: string, createIfMissing: boolean) => Promise<Database>;

/** What an error of LevelDB means for us. */
export type DatabaseFault = "locked" | "io" | "corrupt";

/** Opens for real. */
export const openDatabase: OpenDatabase = async (location, createIfMissing) => {
  const database = new LevelDb<Buffer, Buffer>(location, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES,
    compression: false,
    createIfMissing,
  });
  await database.open();
  return database;
};

/** Removes every file of a database. */
export function destroyDatabase(location: string): Promise<void> {
  return LevelDb.destroy(location);
}

/** Sorts LevelDB's errors; the code stands in the error or in its cause. */
export function faultOf(error: unknown): DatabaseFault {
  for (let at = error; at instanceof Error; at = at.cause) {
    const code = (at as { code?: unknown }).code;
    if (code === "LEVEL_LOCKED") return "locked";
    if (code === "LEVEL_IO_ERROR") return "io";
  }
  return "corrupt";
}
