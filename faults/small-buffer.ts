/** LevelDB as the backlog opens it, with its least write buffer: logs turn into tables sooner. */
import type { ClassicLevel } from "classic-level";
import { Level } from "level";
import type { OpenDatabase } from "../daemon/backlog/level-database.js";

const LevelDb = Level as unknown as typeof ClassicLevel;
/** LevelDB takes no smaller one. */
const WRITE_BUFFER_BYTES = 64 * 1024;

export const openWithSmallBuffer: OpenDatabase = async (location, createIfMissing) => {
  const database = new LevelDb<Buffer, Buffer>(location, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    writeBufferSize: WRITE_BUFFER_BYTES,
    compression: false,
    createIfMissing,
  });
  await database.open();
  return database;
};
