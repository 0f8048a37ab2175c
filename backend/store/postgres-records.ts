/** What PostgreSQL holds of the backend itself: records by name, sums of days, columns, its size. */
import type { DaySummary } from "../aggregate/day-summary.js";
import type { Queryable } from "../registry/postgres-database.js";
import type { SharedSnapshotStore } from "./shared-snapshot-store.js";

/** The part of the store that reads and writes them. */
type Records = Pick<
  SharedSnapshotStore,
  | "putDays"
  | "days"
  | "putRecord"
  | "record"
  | "recordNames"
  | "removeRecord"
  | "skipColumns"
  | "reserveColumns"
  | "bytes"
>;

/** Columns given out together: what `rollup_column` counts by. */
const COLUMNS_RESERVED = 32;

export function keepRecords(database: Queryable): Records {
  return {
    async putDays(id, days) {
      await database.query(
        `INSERT INTO day_summary SELECT $1::uuid, * FROM unnest($2::integer[], $3::text[], $4::json[])
         ON CONFLICT (installation_id, day, device_id) DO UPDATE SET summary = excluded.summary`,
        [
          id,
          days.map((one) => one.day),
          days.map((one) => one.deviceId),
          days.map((one) => JSON.stringify(one)),
        ],
      );
    },
    async *days(id, fromDay) {
      const rows = await database.query<{ summary: DaySummary }>(
        `SELECT summary FROM day_summary WHERE installation_id = $1 AND day >= $2
         ORDER BY day, device_id COLLATE "C"`,
        [id, fromDay],
      );
      for (const { summary } of rows) yield summary;
    },
    async putRecord(name, bytes) {
      await database.query(
        "INSERT INTO record VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes",
        [name, Buffer.from(bytes)],
      );
    },
    async record(name) {
      const [row] = await database.query<{ bytes: Buffer }>(
        "SELECT bytes FROM record WHERE name = $1",
        [name],
      );
      return row?.bytes;
    },
    async recordNames(prefix) {
      const rows = await database.query<{ name: string }>(
        "SELECT name FROM record WHERE starts_with(name, $1) ORDER BY name",
        [prefix],
      );
      return rows.map((row) => row.name);
    },
    async removeRecord(name) {
      await database.query("DELETE FROM record WHERE name = $1", [name]);
    },
    async skipColumns(columns) {
      const next = Math.ceil(columns / COLUMNS_RESERVED) * COLUMNS_RESERVED;
      await database.query(
        `SELECT setval('rollup_column', $1::integer, false)
         WHERE $1::integer > (SELECT last_value FROM rollup_column)`,
        [next],
      );
    },
    async reserveColumns() {
      const [row] = await database.query<{ first: string }>(
        "SELECT nextval('rollup_column') AS first",
      );
      const first = Number(row?.first ?? 0);
      return Array.from({ length: COLUMNS_RESERVED }, (_, k) => first + k);
    },
    async bytes() {
      const [row] = await database.query<{ bytes: string }>(
        "SELECT pg_database_size(current_database()) AS bytes",
      );
      return Number(row?.bytes ?? 0);
    },
  };
}
