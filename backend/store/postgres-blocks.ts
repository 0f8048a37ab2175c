/** Blocks on PostgreSQL, read: by installation, by day, and in the order of their commits. */
import type { Queryable } from "../registry/postgres-database.js";
import { PAGE, pages } from "./postgres-pages.js";
import type { SharedSnapshotStore } from "./shared-snapshot-store.js";
import type { StoreCount, StoredBlock } from "./snapshot-store.js";
import { daysRange } from "./store-keys.js";
import { openBlock } from "./store-values.js";

/** The part of the store that reads blocks. */
type BlockReads = Pick<
  SharedSnapshotStore,
  "blocks" | "devices" | "blocksOfDays" | "blocksAfter" | "blocksSince" | "count"
>;

export function readsOfBlocks(database: Queryable): BlockReads {
  const blocks = (id?: string) =>
    pages<BlockRow, StoredBlock>(
      database,
      `SELECT key AS at, value FROM block
       WHERE key > $1 ${id === undefined ? "" : "AND installation_id = $3"} ORDER BY key LIMIT $2`,
      Buffer.alloc(0),
      toBlock,
      id === undefined ? [] : [id],
    );
  return {
    blocks,
    async devices(id) {
      const rows = await database.query<{ device: string }>(
        // Byte 18 of a key is the length of the device's name, which follows it.
        `SELECT DISTINCT convert_from(substr(key, 20, get_byte(key, 18)), 'UTF8') AS device
         FROM block WHERE installation_id = $1 ORDER BY device`,
        [id],
      );
      return rows.map((row) => row.device);
    },
    blocksOfDays(id, deviceId, fromDay, toDay) {
      const { gte, lt } = daysRange(id, deviceId, fromDay, toDay);
      return pages<BlockRow, StoredBlock>(
        database,
        "SELECT key AS at, value FROM block WHERE key > $1 AND key < $3 ORDER BY key LIMIT $2",
        gte,
        toBlock,
        [lt],
      );
    },
    async *blocksAfter(commitNumber) {
      let from: { number: number; key: Buffer } = { number: commitNumber, key: Buffer.of(0xff) };
      for (;;) {
        const rows = await database.query<BlockRow & { commit_number: string }>(
          `SELECT commit_number, key AS at, value FROM block WHERE (commit_number, key) > ($1, $2)
             AND commit_number > (SELECT journal_from FROM head)
           ORDER BY commit_number, key LIMIT $3`,
          [from.number, from.key, PAGE],
        );
        for (const row of rows) {
          yield { ...toBlock(row), commitNumber: Number(row.commit_number) };
        }
        const last = rows.at(-1);
        if (last === undefined) return;
        from = { number: Number(last.commit_number), key: last.at };
      }
    },
    blocksSince: (day, through) =>
      pages<BlockRow, StoredBlock>(
        database,
        `SELECT key AS at, value FROM block WHERE key > $1 AND day >= $3 AND commit_number <= $4
         ORDER BY key LIMIT $2`,
        Buffer.alloc(0),
        toBlock,
        [day, through],
      ),
    async count() {
      const found = { blocks: 0, snapshots: 0, readings: 0 };
      for await (const { batch } of blocks()) {
        found.blocks++;
        found.snapshots += batch.rows;
        found.readings += batch.readings;
      }
      return found satisfies StoreCount;
    },
  };
}

interface BlockRow {
  readonly at: Buffer;
  readonly value: Buffer;
}

function toBlock({ at, value }: BlockRow): StoredBlock {
  return openBlock(at, value);
}
