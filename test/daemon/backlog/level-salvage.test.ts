/** Salvage must not let a damaged byte bring an old state back: positions and counters would lie. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { STATE_KEY } from "../../../daemon/backlog/keys.js";
import { openDatabase } from "../../../daemon/backlog/level-database.js";
import { isTableSound, readTable, readTableNumbers } from "../../../daemon/backlog/level-files.js";
import { isSound, salvage } from "../../../daemon/backlog/level-salvage.js";
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

/** A table with a newer state, of which one block is not what was written. */
async function makeHalfTable(): Promise<Buffer> {
  const folder = temporaryFolder();
  for (const text of ["1", "2", "3", "torn"]) {
    const database = await openDatabase(folder, true);
    const value = frameRecord(STATE_KEY, Buffer.from(text));
    await database.batch([{ type: "put", key: STATE_KEY, value }], { sync: true });
    await database.compactRange(Buffer.of(0), Buffer.of(255));
    await database.close();
  }
  const name = readdirSync(folder).find((one) => one.endsWith(".ldb")) ?? "";
  const table = readFileSync(join(folder, name));
  for (let at = table.length - 60; isTableSound(table); at--) {
    table[at] = (table[at] ?? 0) ^ 0x40;
    if ([...readTable(table)].length === 0) table[at] = (table[at] ?? 0) ^ 0x40;
  }
  return table;
}

function manifestOf(folder: string): Buffer {
  const name = readdirSync(folder).find((one) => one.startsWith("MANIFEST-")) ?? "";
  return readFileSync(join(folder, name));
}

describe("a table that was being made when the power went", () => {
  it("is not one that the manifest names, and no reason to repair", async () => {
    const { directory, table } = await setAside();
    const path = join(directory, "bad-1");
    const number = Number.parseInt(table.slice(-10), 10);
    expect(readTableNumbers(manifestOf(path))).toEqual(new Set([number]));
    writeFileSync(join(path, "000900.ldb"), await makeHalfTable());
    expect(await isSound(path)).toBe(true);
    await cp(path, join(directory, "db"), { recursive: true });
    const database = await openDatabase(join(directory, "db"), false);
    const value = await database.get(STATE_KEY);
    await database.close();
    expect(value && openRecord(STATE_KEY, value)?.toString()).toBe("new");
    const bytes = readFileSync(table);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    writeFileSync(table, bytes);
    expect(await isSound(path)).toBe(false);
  });

  it("gives nothing to what is copied out of a damaged database", async () => {
    const { directory } = await setAside();
    writeFileSync(join(directory, "bad-1", "000900.ldb"), await makeHalfTable());
    expect(await stateAfterSalvage(directory)).toBe("new");
  });

  it("may be all there is, where the manifest itself is damaged", async () => {
    const { directory } = await setAside();
    const path = join(directory, "bad-1");
    const manifest = manifestOf(path);
    for (let at = 0; at < manifest.length; at++) {
      manifest[at] = (manifest[at] ?? 0) ^ 0x10;
      expect(readTableNumbers(manifest)).toBeUndefined();
      manifest[at] = (manifest[at] ?? 0) ^ 0x10;
    }
    expect(readTableNumbers(Buffer.alloc(0))).toBeUndefined();
  });
});
