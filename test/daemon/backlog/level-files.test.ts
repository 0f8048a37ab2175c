/**
 * LevelDB's files, read without LevelDB: the same records as it gives, and no damage overlooked,
 * because LevelDB itself ends the process over a key that a flipped bit has put out of order.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { crc32c, maskedCrc32c } from "../../../daemon/backlog/crc32c.js";
import { openDatabase } from "../../../daemon/backlog/level-database.js";
import {
  isTableSound,
  readLog,
  readTable,
  type StoredWrite,
} from "../../../daemon/backlog/level-files.js";
import { createRandom } from "../../support/chance.js";
import { temporaryFolder } from "../../support/folder.js";

const KEYS = 400;

/** A database with tables, a log, overwritten and deleted keys; and what LevelDB says is in it. */
async function makeDatabase(): Promise<{ path: string; records: Map<string, string> }> {
  const path = join(temporaryFolder(), "db");
  const random = createRandom(3);
  const records = new Map<string, string>();
  const database = await openDatabase(path, true);
  for (let k = 0; k < 1_500; k++) {
    const key = Buffer.from(`key/${Math.floor(random() * KEYS)}`);
    const value = Buffer.from(Array.from({ length: 700 }, () => Math.floor(random() * 256)));
    if (k % 5 === 0) await database.batch([{ type: "del", key }]);
    else await database.batch([{ type: "put", key, value }]);
  }
  for await (const [key, value] of database.iterator()) {
    records.set(key.toString(), value.toString("hex"));
  }
  await database.close();
  return { path, records };
}

async function readFiles(path: string, ending: string): Promise<Buffer[]> {
  const names = (await readdir(path)).filter((name) => name.endsWith(ending));
  return await Promise.all(names.map((name) => readFile(join(path, name))));
}

describe("LevelDB's files", () => {
  it("give the records that LevelDB gives", async () => {
    const { path, records } = await makeDatabase();
    const tables = await readFiles(path, ".ldb");
    const logs = await readFiles(path, ".log");
    expect(tables.length).toBeGreaterThan(1);
    const writes: StoredWrite[] = [
      ...tables.flatMap((table) => [...readTable(table)]),
      ...logs.flatMap((log) => [...readLog(log)]),
    ];
    expect(writes.every((one) => one.isSound)).toBe(true);
    writes.sort((a, b) => Number(a.order - b.order));
    const found = new Map<string, string>();
    for (const { key, value } of writes) {
      if (value === undefined) found.delete(key.toString());
      else found.set(key.toString(), value.toString("hex"));
    }
    expect(found).toEqual(records);
  });

  it("a table is sound as it was written, and with no single bit flipped", async () => {
    const { path } = await makeDatabase();
    const [table] = await readFiles(path, ".ldb");
    if (table === undefined) throw new Error("no table");
    expect(isTableSound(table)).toBe(true);
    const random = createRandom(4);
    // The footer pads its two places with bytes that say nothing; all before it is covered.
    const covered = table.length - 48;
    for (let round = 0; round < 200; round++) {
      const at = Math.floor(random() * covered);
      const bit = 1 << Math.floor(random() * 8);
      table[at] = (table[at] ?? 0) ^ bit;
      expect(isTableSound(table), `byte ${at} bit ${bit}`).toBe(false);
      table[at] = (table[at] ?? 0) ^ bit;
    }
    expect(isTableSound(table.subarray(0, table.length - 1))).toBe(false);
    expect(isTableSound(Buffer.alloc(0))).toBe(false);
  });

  it("noise is read without harm", () => {
    const random = createRandom(5);
    for (let round = 0; round < 200; round++) {
      const noise = Buffer.from(Array.from({ length: 300 }, () => Math.floor(random() * 256)));
      for (const { isSound } of [...readTable(noise), ...readLog(noise)])
        expect(isSound).toBe(false);
      expect(isTableSound(noise)).toBe(false);
    }
  });
});

describe("crc32c", () => {
  it.each([
    { what: "32 zeros", bytes: Buffer.alloc(32), sum: 0x8a9136aa },
    { what: "32 ones", bytes: Buffer.alloc(32, 0xff), sum: 0x62a8ab43 },
    {
      what: "0 to 31",
      bytes: Buffer.from(Array.from({ length: 32 }, (_, k) => k)),
      sum: 0x46dd794e,
    },
  ])("of $what is RFC 3720's", ({ bytes, sum }) => {
    expect(crc32c(bytes)).toBe(sum);
  });

  it("is masked differently from itself", () => {
    expect(maskedCrc32c(Buffer.from("foo"))).not.toBe(crc32c(Buffer.from("foo")));
  });
});
