/**
 * Written space ahead in LevelDB's log. A sync of a file that grew makes the file system write its
 * own journal too, four blocks instead of one; a log that has its size already is spared that.
 *
 * LevelDB writes at a place of its own in the file, not at the end, and takes zeros for the end of
 * what was written. Nothing may write to the database meanwhile.
 *
 * Source: LevelDB `util/env_posix.cc` (NewWritableFile), `db/log_reader.cc` (kZeroType).
 */
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

const LOG_NAME = /^\d+\.log$/;

/** Fills the newest log of a database with zeros up to a size, once per log. */
export class LogSpace {
  readonly #bytes: number;
  #filled: string | undefined;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Best effort: without it a sync only costs more. */
  async keep(folder: string): Promise<void> {
    try {
      const logs = (await readdir(folder)).filter((name) => LOG_NAME.test(name));
      const newest = logs.sort().at(-1);
      if (newest === undefined || newest === this.#filled) return;
      this.#filled = newest;
      await fillWithZeros(join(folder, newest), this.#bytes);
    } catch {
      // A disk that refuses this refuses the next commit too, and that one knows what to do.
    }
  }
}

async function fillWithZeros(path: string, bytes: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    if (size >= bytes) return;
    await file.write(Buffer.alloc(bytes - size), 0, bytes - size, size);
    await file.sync();
  } finally {
    await file.close();
  }
}
