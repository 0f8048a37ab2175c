/** What PostgreSQL holds of installations beside their blocks: states, positions, losses, refusals. */
import { type Channel, type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import type { ReportedLoss } from "../ingest/ingest.js";
import type { Queryable } from "../registry/postgres-database.js";
import type { InstallationState } from "../registry/registry.js";
import { DIGESTS_KEPT } from "./postgres-commit.js";
import { pages } from "./postgres-pages.js";
import type { SharedSnapshotStore } from "./shared-snapshot-store.js";
import type { DeadLetter, EpochState } from "./snapshot-store.js";

/** The part of the store that reads them. */
type PositionReads = Pick<
  SharedSnapshotStore,
  | "installations"
  | "installation"
  | "installationIds"
  | "epoch"
  | "digest"
  | "positions"
  | "tables"
  | "deadLetters"
  | "losses"
>;

export function readsOfPositions(database: Queryable): PositionReads {
  return {
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
    async installationIds() {
      const rows = await database.query<{ id: string }>("SELECT id FROM installation");
      return rows.map((row) => row.id);
    },
  };
}

interface LetterRow {
  readonly installation_id: string;
  readonly epoch_id: string;
  readonly sequence: string;
  readonly received_at_ms: number;
  readonly letter: DeadLetter & { declared: { tableId: string } };
  readonly block: Buffer;
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

/** `undefined`: nothing came of it yet. */
export async function readInstallation(
  database: Queryable,
  id: string,
): Promise<InstallationState | undefined> {
  const [row] = await database.query<{ state: InstallationState }>(
    "SELECT state FROM installation WHERE id = $1",
    [id],
  );
  return row?.state;
}
