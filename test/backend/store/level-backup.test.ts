/** A backup is all of the store at one instant or nothing; a damaged one restores nothing. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EntryCounts } from "../../../backend/store/backup.js";
import {
  type BackupPart,
  decodeBackup,
  encodeBackup,
} from "../../../backend/store/backup-frames.js";
import { restoreEntries } from "../../../backend/store/level-backup.js";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import { collect } from "../../contract/snapshot-store-contract.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { installationId, makeBatch, openBed, openDelivery } from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 1);
const FACTS = { version: "1.2.3", createdAtMs: START_MS };
const FILES = [{ name: "tombstones", bytes: Buffer.from("key 00\n") }];
const ROW = [100, 350, 120];

async function fill() {
  const store = await openLevelSnapshotStore({ folder: join(temporaryFolder(), "store") });
  const bed = await openBed(store, createFakeClock(START_MS));
  const deliveries = [];
  for (const n of [1, 2, 3]) {
    const delivery = await openDelivery(bed, installationId(n));
    await delivery.take(makeBatch(1, START_MS - 3_600_000, [ROW, ROW, [40_000, 1, 1]]));
    deliveries.push(delivery);
  }
  return { store, deliveries };
}

async function* chunked(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function parse(bytes: Buffer, size = 1_000): Promise<BackupPart[]> {
  return await collect(decodeBackup(chunked(bytes, size)));
}

async function restore(bytes: Buffer, folder: string): Promise<EntryCounts> {
  let counts: EntryCounts = {};
  async function* entries() {
    for await (const part of decodeBackup(chunked(bytes, 64 * 1024))) {
      if (part.kind === "end") counts = part.counts;
      if (part.kind === "entries") yield part.entries;
    }
  }
  return await restoreEntries(folder, entries(), () => counts);
}

describe("a backup", () => {
  it("restores to the same store, record by record", async () => {
    const { store } = await fill();
    const bytes = Buffer.concat(await collect(encodeBackup(FACTS, FILES, store.entries())));
    const folder = join(temporaryFolder(), "again");
    const counts = await restore(bytes, folder);
    expect(counts).toMatchObject({ installation: 3, block: 3, deadLetter: 3, totals: 1 });
    const again = await openLevelSnapshotStore({ folder });
    expect(await again.count()).toEqual(await store.count());
    expect(again.totals()).toEqual(store.totals());
    expect(await collect(again.blocks())).toEqual(await collect(store.blocks()));
    expect(await collect(again.installations())).toEqual(await collect(store.installations()));
    await again.close();
    await store.close();
  });

  it("is of the instant at which it began, whatever is written meanwhile", async () => {
    const { store, deliveries } = await fill();
    const before = await store.count();
    const source = store.entries()[Symbol.asyncIterator]();
    const first = await source.next();
    for (const delivery of deliveries) {
      await delivery.take(makeBatch(2, START_MS - 1_800_000, [ROW]));
    }
    async function* rest() {
      if (first.done !== true) yield first.value;
      for (let next = await source.next(); next.done !== true; next = await source.next()) {
        yield next.value;
      }
    }
    const bytes = Buffer.concat(await collect(encodeBackup(FACTS, [], rest())));
    const folder = join(temporaryFolder(), "again");
    await restore(bytes, folder);
    const again = await openLevelSnapshotStore({ folder });
    expect(await again.count()).toEqual(before);
    expect((await store.count()).blocks).toBe(before.blocks + 3);
    await again.close();
    await store.close();
  });

  it("says that it must begin again when an installation was erased meanwhile", async () => {
    const { store } = await fill();
    const source = store.entries()[Symbol.asyncIterator]();
    await source.next();
    await store.erase(installationId(2));
    await expect(source.next()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await store.close();
  });

  it("carries the files that belong to it, and what it is", async () => {
    const { store } = await fill();
    const bytes = Buffer.concat(await collect(encodeBackup(FACTS, FILES, store.entries())));
    await store.close();
    for (const size of [1, 7, 1_000_000]) {
      const parts = await parse(bytes, size);
      expect(parts.slice(0, 2)).toEqual([
        { kind: "facts", facts: FACTS },
        { kind: "file", file: FILES[0] },
      ]);
      expect(parts.at(-1)).toMatchObject({ kind: "end", counts: { block: 3 } });
    }
  });

  it("with any byte changed, cut anywhere, or longer is refused, and nothing is restored", async () => {
    const { store } = await fill();
    const bytes = Buffer.concat(await collect(encodeBackup(FACTS, FILES, store.entries())));
    await store.close();
    const damaged = { code: "STORE_DAMAGED" };
    for (let at = 0; at < bytes.length; at += 13) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      await expect(parse(changed, 100_000)).rejects.toMatchObject(damaged);
      await expect(parse(bytes.subarray(0, at), 100_000)).rejects.toMatchObject(damaged);
    }
    const folder = join(temporaryFolder(), "again");
    const longer = Buffer.concat([bytes, bytes.subarray(18)]);
    for (const wrong of [longer, bytes.subarray(0, bytes.length - 1)]) {
      await expect(restore(wrong, folder)).rejects.toMatchObject(damaged);
      expect(existsSync(folder)).toBe(false);
      expect(existsSync(`${folder}.part`)).toBe(false);
    }
  });

  it("whose record does not match its own checksum is refused", async () => {
    const { store } = await fill();
    async function* spoilt() {
      for await (const entries of store.entries()) {
        yield entries.map(([key, value]) => {
          const copy = Buffer.from(value);
          if (key.toString("latin1", 0, 2) === "b/") copy[9] = (copy[9] ?? 0) ^ 1;
          return [key, copy] as const;
        });
      }
    }
    const bytes = Buffer.concat(await collect(encodeBackup(FACTS, [], spoilt())));
    await store.close();
    const folder = join(temporaryFolder(), "again");
    await expect(restore(bytes, folder)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    expect(existsSync(folder)).toBe(false);
  });
});
