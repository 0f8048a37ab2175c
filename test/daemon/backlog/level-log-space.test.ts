/** Zeros ahead in LevelDB's log: what is committed stays in place, and comes back after a power cut. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../../daemon/backlog/level-database.js";
import { LogSpace } from "../../../daemon/backlog/level-log-space.js";
import { temporaryFolder } from "../../support/folder.js";
import { copyLive } from "../../support/live-copy.js";

const LOG_BYTES = 64 * 1024;
const home = temporaryFolder();

const keyOf = (k: number) => Buffer.from(String(k).padStart(6, "0"));
const put = (database: Database, k: number) =>
  database.batch([{ type: "put", key: keyOf(k), value: Buffer.alloc(200, k) }], { sync: true });

/** Sizes of the logs, oldest first. */
function logSizes(folder: string): number[] {
  const logs = readdirSync(folder).filter((name) => name.endsWith(".log"));
  // An old log goes whenever LevelDB is done with it.
  return logs
    .sort()
    .flatMap((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? []);
}

/** Keys in a copy of the files as they are. */
async function keysAfterPowerCut(folder: string): Promise<number[]> {
  const copy = `${folder}-cut`;
  copyLive(folder, copy);
  const database = await openDatabase(copy, false);
  const keys: number[] = [];
  for await (const [key, value] of database.iterator()) {
    expect(value).toEqual(Buffer.alloc(200, Number(key)));
    keys.push(Number(key));
  }
  await database.close();
  rmSync(copy, { recursive: true });
  return keys;
}

describe("room ahead in the log", () => {
  it("is filled once, keeps every commit and is not outgrown by the next ones", async () => {
    const folder = join(home, "kept");
    const database = await openDatabase(folder, true);
    const space = new LogSpace(LOG_BYTES);
    await put(database, 0);
    await space.keep(folder);
    expect(logSizes(folder)).toEqual([LOG_BYTES]);
    for (let k = 1; k < 100; k++) {
      await put(database, k);
      await space.keep(folder);
    }
    expect(logSizes(folder)).toEqual([LOG_BYTES]);
    expect(await keysAfterPowerCut(folder)).toEqual(Array.from({ length: 100 }, (_, k) => k));
    await database.close();
  });

  it("is outgrown without harm, and the next log gets its own", async () => {
    const folder = join(home, "outgrown");
    const database = await openDatabase(folder, true);
    const space = new LogSpace(LOG_BYTES);
    const sizes = new Set<number>();
    for (let k = 0; k < 3_000; k++) {
      await put(database, k);
      await space.keep(folder);
      sizes.add(logSizes(folder).at(-1) ?? 0);
    }
    expect(Math.max(...sizes)).toBeGreaterThan(LOG_BYTES);
    expect(Math.min(...sizes)).toBe(LOG_BYTES);
    expect(await keysAfterPowerCut(folder)).toEqual(Array.from({ length: 3_000 }, (_, k) => k));
    await database.close();
  });

  it("is done without where there is no database", async () => {
    await expect(new LogSpace(LOG_BYTES).keep(join(home, "nowhere"))).resolves.toBeUndefined();
  });
});
