/**
 * The snapshot store on PostgreSQL, for a backend of several processes.
 *
 * Every process may take every installation; the one that claimed it last may write. A commit is
 * durable when its transaction returned, on the server: a process that ends, or its machine, takes
 * nothing with it. Blocks are the bytes that the embedded store keeps, checksum included.
 */
import { HeatpoolError } from "#core/errors.js";
import type { PostgresDatabase } from "../registry/postgres-database.js";
import type { InstallationState } from "../registry/registry.js";
import { createGroupCommit } from "./group-commit.js";
import { readsOfBlocks } from "./postgres-blocks.js";
import { type ClaimedCommit, type Head, toHead, writeGroup } from "./postgres-commit.js";
import { readInstallation, readsOfPositions } from "./postgres-positions.js";
import { keepRecords } from "./postgres-records.js";
import { eraseRows, forgetRows, trimDeadLetters, vacuum } from "./postgres-removal.js";
import type { SharedSnapshotStore } from "./shared-snapshot-store.js";
import type { StoreTotals } from "./snapshot-store.js";

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
  return {
    ...readsOfBlocks(database),
    ...readsOfPositions(database),
    ...keepRecords(database),
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
    // Blocks know their commit themselves; the journal is where reading them begins.
    async forgetJournal(commitNumber) {
      await database.query("UPDATE head SET journal_from = greatest(journal_from, $1)", [
        commitNumber,
      ]);
    },
    totals: () => head.totals,
    erase: (id) => group.alone(() => eraseRows(database, id)),
    forgetBefore: (timeMs) => forgetRows(database, timeMs),
    async compact({ index }) {
      if (index === 0) await vacuum(database);
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
  };
}

async function readHead(database: PostgresDatabase) {
  const [row] = await database.query<{ commit_number: string; totals: StoreTotals }>(
    "SELECT commit_number, totals FROM head",
  );
  return toHead(row);
}
