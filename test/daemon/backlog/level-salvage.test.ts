/** Salvage must not let a damaged byte bring an old state back: positions and counters would lie. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { STATE_KEY } from "../../../daemon/backlog/keys.js";
import { openDatabase } from "../../../daemon/backlog/level-database.js";
import { salvage } from "../../../daemon/backlog/level-salvage.js";
import { frameRecord, openRecord } from "../../../daemon/backlog/record.js";
import { temporaryFolder } from "../../support/folder.js";

/** Kind and number behind a key in a table, little-endian. */
const TAG_BYTES = 8;

/** A database set aside: the old state in a table, the new one in the log. */
async function setAside(): Promise<{ directory: string; table: string }> {
  const directory = temporaryFolder();
  const bad = join(directory, "bad-1");
  await mkdir(bad);
  for (const text of ["old", "new"]) {
    const database = await openDatabase(bad, true);
    const value = frameRecord(STATE_KEY, Buffer.from(text));
    await database.batch([{ type: "put", key: STATE_KEY, value }], { sync: true });
    await database.close();
  }
  const name = readdirSync(bad).find((one) => one.endsWith(".ldb")) ?? "";
  return { directory, table: join(bad, name) };
}

async function stateAfterSalvage(directory: string): Promise<string | undefined> {
  const database = await openDatabase(join(directory, "db"), true);
  await salvage(directory, database);
  const value = await database.get(STATE_KEY);
  await database.close();
  return value && openRecord(STATE_KEY, value)?.toString();
}

describe("salvage", () => {
  it("takes the newest write of a key", async () => {
    const { directory } = await setAside();
    expect(await stateAfterSalvage(directory)).toBe("new");
  });

  it("of an old record whose number was damaged does not put it above newer ones", async () => {
    for (let byte = 2; byte < TAG_BYTES; byte++) {
      const { directory, table } = await setAside();
      const bytes = readFileSync(table);
      const at = bytes.indexOf(STATE_KEY) + STATE_KEY.length + byte;
      bytes[at] = (bytes[at] ?? 0) ^ 0x40;
      writeFileSync(table, bytes);
      expect(await stateAfterSalvage(directory)).toBe("new");
    }
  });
});
