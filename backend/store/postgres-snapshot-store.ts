/**
 * The snapshot store on PostgreSQL, for a backend of several processes.
 *
 * Every process may take every installation; the one that claimed it last may write. A commit is
 * durable when its transaction returned, on the server: a process that ends, or its machine, takes
 * nothing with it. Blocks are the bytes that the embedded store keeps, checksum included.
 */
import { type Channel, type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { HeatpoolError } from "#core/errors.js";
import type { DaySummary } from "../aggregate/day-summary.js";
import type { ReportedLoss } from "../ingest/ingest.js";
import type { PostgresDatabase } from "../registry/postgres-database.js";
import type { InstallationState } from "../registry/registry.js";
import { createGroupCommit } from "./group-commit.js";
import {
  type ClaimedCommit,
  DIGESTS_KEPT,
  type Head,
  toHead,
  writeGroup,
} from "./postgres-commit.js";
import { eraseRows, forgetRows, trimDeadLetters, vacuum } from "./postgres-removal.js";
import type {
  DeadLetter,
  EpochState,
  SnapshotStore,
  StoreCount,
  StoredBlock,
  StoreTotals,
} from "./snapshot-store.js";
import { dayRange } from "./store-keys.js";
import { openBlock } from "./store-values.js";

/** What several processes on one store ask beside the port. */
export interface SharedSnapshotStore extends SnapshotStore {
  /** States that were written after a commit, and the newest commit that this answer covers. */
  installationsAfter(
    commitNumber: number,
  ): Promise<{ states: InstallationState[]; through: number }>;
  /** Blocks that begin on a day (UTC, since 1970) or later, of commits up to one. */
  blocksSince(day: number, through: number): AsyncIterable<StoredBlock>;
  /** Ids of all installations. */
  installationIds(): Promise<string[]>;
  /** Numbers of rollup columns that nobody else is given. */
  reserveColumns(): Promise<number[]>;
  /** Gives none below this number out: they are taken already. */
  skipColumns(columns: number): Promise<void>;
}

/** Rows that are read at once. */
const PAGE = 256;

/** Columns given out together: what `rollup_column` counts by. */
const COLUMNS_RESERVED = 32;

/** @param database of `backend/registry`, with its tables */
export async function openPostgresSnapshotStore(options: {
  readonly database: PostgresDatabase;
  readonly newId: () => string;
  /** Whether an installation was erased, by whatever process. */
  readonly isErased?: (installationId: string) => Promise<boolean>;
}): Promise<SharedSnapshotStore> {
  const { database, newId } = options;
  const generations = new Map<string, string>();
  let head = await readHead(database);
  /** What several transactions report out of order never goes back. */
  const learn = (found: Head): Head => {
    if (found.commitNumber >= head.commitNumber) head = found;
    return found;
  };
  let attempt: { entries: readonly ClaimedCommit[]; groupId: string } | undefined;
  const group = createGroupCommit<ClaimedCommit>({
    async write(entries) {
      if (attempt?.entries !== entries) attempt = { entries, groupId: newId() };
      const { groupId } = attempt;
      return learn(await database.transaction((within) => writeGroup(within, entries, groupId)))
        .commitNumber;
    },
    // Every transaction takes a connection that works, or says that there is none.
    recover: async () => undefined,
  });
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
    async claim(id) {
      const [row] = await database.query<{ generation: string }>(
        `INSERT INTO claim VALUES ($1, nextval('claim_generation'))
         ON CONFLICT (installation_id) DO UPDATE SET generation = excluded.generation
         RETURNING generation`,
        [id],
      );
      if ((await options.isErased?.(id)) === true) {
        await database.query("DELETE FROM claim WHERE installation_id = $1", [id]);
        throw new HeatpoolError("PERMISSION_DENIED", "this installation was erased at its wish", {
          hint: "To share again, begin with a new installation id.",
        });
      }
      const state = await readInstallation(database, id);
      if (row !== undefined) generations.set(id, row.generation);
      return state;
    },
    async isClaimed(id) {
      const [row] = await database.query<{ generation: string }>(
        "SELECT generation FROM claim WHERE installation_id = $1",
        [id],
      );
      return row !== undefined && row.generation === generations.get(id);
    },
    async put(commit) {
      const id = commit.installation.installationId;
      const entry: ClaimedCommit = { commit, generation: generations.get(id), isLost: false };
      const number = await group.add(entry);
      if (commit.deadLetter !== undefined) await trimDeadLetters(database);
      if (!entry.isLost) return number;
      throw new HeatpoolError(
        "SUPERSEDED",
        "another process of the backend has this installation",
        {
          hint: "Connect again; what has no ack is to be sent again.",
        },
      );
    },
    get committedThrough() {
      return head.commitNumber;
    },
    installations: () =>
      pages<{ at: string; state: InstallationState }, InstallationState>(
        database,
        "SELECT id::text AS at, state FROM installation WHERE id > $1::uuid ORDER BY id LIMIT $2",
        "00000000-0000-0000-0000-000000000000",
        ({ state }) => state,
      ),
    installation: (id) => readInstallation(database, id),
    async epoch(id, epochId) {
      const [row] = await database.query<{ state: EpochState }>(
        "SELECT state FROM epoch WHERE installation_id = $1 AND epoch_id = $2",
        [id, epochId],
      );
      return row?.state;
    },
    async digest(id, epochId, sequence) {
      const [row] = await database.query<{ digest: Buffer }>(
        `SELECT digest FROM digest
         WHERE installation_id = $1 AND epoch_id = $2 AND place = $3 AND sequence = $4`,
        [id, epochId, sequence % DIGESTS_KEPT, sequence],
      );
      return row?.digest;
    },
    async *positions(id) {
      const epochs = await database.query<{ epoch_id: string; state: EpochState }>(
        "SELECT epoch_id, state FROM epoch WHERE installation_id = $1 ORDER BY epoch_id",
        [id],
      );
      for (const { epoch_id: epochId, state } of epochs) {
        const rows = await database.query<{ sequence: string; digest: Buffer }>(
          `SELECT sequence, digest FROM digest WHERE installation_id = $1 AND epoch_id = $2
           ORDER BY place`,
          [id, epochId],
        );
        const digests = rows.map((row) => ({ ...row, sequence: Number(row.sequence) }));
        yield { epoch: state, digests };
      }
    },
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
    async *blocksOfDay(id, deviceId, day) {
      const { gte, lt } = dayRange(id, deviceId, day);
      const rows = await database.query<BlockRow>(
        "SELECT key AS at, value FROM block WHERE key >= $1 AND key < $2 ORDER BY key",
        [gte, lt],
      );
      for (const row of rows) yield toBlock(row);
    },
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
    // Blocks know their commit themselves; the journal is where reading them begins.
    async forgetJournal(commitNumber) {
      await database.query("UPDATE head SET journal_from = greatest(journal_from, $1)", [
        commitNumber,
      ]);
    },
    async *tables() {
      const rows = await database.query<{ channels: Channel[] }>(
        "SELECT channels FROM channel_table",
      );
      for (const { channels } of rows) yield createChannelTable(channels) as ChannelTable;
    },
    async *deadLetters() {
      const rows = await database.query<LetterRow>(
        `SELECT installation_id, epoch_id, sequence, received_at_ms, letter, block FROM dead_letter
         ORDER BY received_at_ms, installation_id, sequence`,
      );
      for (const row of rows) yield toDeadLetter(row);
    },
    async *losses(id) {
      const rows = await database.query<{ loss: ReportedLoss }>(
        "SELECT loss FROM loss WHERE installation_id = $1 ORDER BY number",
        [id],
      );
      // JSON leaves out what is undefined.
      for (const { loss } of rows) {
        const { deviceId, batches, ...rest } = loss;
        yield { ...rest, deviceId, batches };
      }
    },
    totals: () => head.totals,
    async count() {
      const found = { blocks: 0, snapshots: 0, readings: 0 };
      for await (const { batch } of blocks()) {
        found.blocks++;
        found.snapshots += batch.rows;
        found.readings += batch.readings;
      }
      return found satisfies StoreCount;
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
    erase: (id) => group.alone(() => eraseRows(database, id)),
    forgetBefore: (timeMs) => forgetRows(database, timeMs),
    async compact({ index }) {
      if (index === 0) await vacuum(database);
    },
    async bytes() {
      const [row] = await database.query<{ bytes: string }>(
        "SELECT pg_database_size(current_database()) AS bytes",
      );
      return Number(row?.bytes ?? 0);
    },
    close: () => group.idle(),
    async installationsAfter(commitNumber) {
      // The number is read first: what becomes visible in between is read again the next time.
      const through = learn(await readHead(database)).commitNumber;
      const rows = await database.query<{ state: InstallationState }>(
        "SELECT state FROM installation WHERE commit_number > $1",
        [commitNumber],
      );
      return { states: rows.map((row) => row.state), through };
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
    async installationIds() {
      const rows = await database.query<{ id: string }>("SELECT id FROM installation");
      return rows.map((row) => row.id);
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
  };
}

interface BlockRow {
  readonly at: Buffer;
  readonly value: Buffer;
}

interface LetterRow {
  readonly installation_id: string;
  readonly epoch_id: string;
  readonly sequence: string;
  readonly received_at_ms: number;
  readonly letter: DeadLetter & { declared: { tableId: string } };
  readonly block: Buffer;
}

function toBlock({ at, value }: BlockRow): StoredBlock {
  return openBlock(at, value);
}

function toDeadLetter(row: LetterRow): DeadLetter {
  const { letter } = row;
  return {
    ...letter,
    installationId: row.installation_id,
    epochId: row.epoch_id,
    sequence: Number(row.sequence),
    receivedAtMs: row.received_at_ms,
    declared: { ...letter.declared, tableId: Buffer.from(letter.declared.tableId, "hex") },
    block: row.block,
  };
}

async function readHead(database: PostgresDatabase) {
  const [row] = await database.query<{ commit_number: string; totals: StoreTotals }>(
    "SELECT commit_number, totals FROM head",
  );
  return toHead(row);
}

async function readInstallation(
  database: PostgresDatabase,
  id: string,
): Promise<InstallationState | undefined> {
  const [row] = await database.query<{ state: InstallationState }>(
    "SELECT state FROM installation WHERE id = $1",
    [id],
  );
  return row?.state;
}

/** Rows in the order of `at`, a page at a time. */
async function* pages<Row extends { readonly at: unknown }, Item>(
  database: PostgresDatabase,
  text: string,
  first: unknown,
  toItem: (row: Row) => Item,
  more: readonly unknown[] = [],
): AsyncGenerator<Item> {
  for (let from = first; ; ) {
    const rows = await database.query<Row>(text, [from, PAGE, ...more]);
    for (const row of rows) yield toItem(row);
    const last = rows.at(-1);
    if (last === undefined) return;
    from = last.at;
  }
}
