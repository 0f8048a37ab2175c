/** What a power cut at this moment would leave of a folder that a database is working in. */
import { cpSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** A merge of a few megabytes in the background is done long before. */
const ATTEMPTS_MAX = 200;

/**
 * Copies `from` as it is at one moment: LevelDB's own thread makes tables, names them in the manifest
 * and takes the old ones away, so a copy during which anything changed is none and is made again.
 *
 * @param to exists and is empty, or does not exist
 */
export function copyLive(from: string, to: string): void {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const before = look(from);
    rmSync(to, { recursive: true, force: true });
    try {
      cpSync(from, to, { recursive: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      continue;
    }
    if (look(from) === before) return;
  }
  throw new Error(`${from} changed during each of ${ATTEMPTS_MAX} copies`);
}

/** Names, sizes and times of all files. */
function look(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false, bigint: true });
      return found?.isFile() ? `${name} ${found.ino} ${found.size} ${found.mtimeNs}` : name;
    })
    .toSorted()
    .join("\n");
}
