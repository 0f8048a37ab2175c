/**
 * Writes one group of commits to PostgreSQL: one transaction, whatever the number of processes.
 *
 * Who writes for an installation must have claimed it last; the claim is locked while the group is
 * written, so a later claimer sees everything that an earlier one wrote, and nothing comes after it.
 * The row of `head` is locked next: commit numbers rise in the order in which groups become
 * visible, so who reads "after number n" misses nothing. A group carries an id of its own: when a
 * connection is lost at the commit, the same group is not written twice.
 */

import type { Queryable } from "../registry/postgres-database.js";
import type { InstallationState } from "../registry/registry.js";
import type { Commit, EpochState, StoreTotals } from "./snapshot-store.js";
import { blockKey } from "./store-keys.js";
import { addCounts, NO_TOTALS } from "./store-totals.js";
import { sealBlock } from "./store-values.js";

/** A commit on its way, and whether another process took its installation over. */
export interface ClaimedCommit {
  readonly commit: Commit;
  readonly generation: string | undefined;
  isLost: boolean;
}

/** What the newest group left. */
export interface Head {
  readonly commitNumber: number;
  readonly totals: StoreTotals;
}

/** Decided batches whose digest is remembered per epoch, to tell a repeat from a fork. */
export const DIGESTS_KEPT = 1_024;

/** Groups whose ids are remembered; a lost connection is told within a few. */
const GROUPS_KEPT = 10_000;

const DAY_MS = 86_400_000;

/** @param groupId the same for every attempt to write this group */
export async function writeGroup(
  within: Queryable,
  entries: readonly ClaimedCommit[],
  groupId: string,
): Promise<Head> {
  await lockClaims(within, entries);
  const head = await lockHead(within);
  const [written] = await within.query<{ commit_number: string }>(
    "SELECT commit_number FROM written_group WHERE id = $1",
    [groupId],
  );
  if (written !== undefined) return head;
  const commits = entries.flatMap((one) => (one.isLost ? [] : [one.commit]));
  if (commits.length === 0) return head;
  const next: Head = {
    commitNumber: head.commitNumber + 1,
    totals: addCounts(head.totals, commits),
  };
  await writeStates(within, commits, next.commitNumber);
  await writeBlocks(within, commits, next.commitNumber);
  await writeSeldom(within, commits);
  await within.query("UPDATE head SET commit_number = $1, totals = $2", [
    next.commitNumber,
    JSON.stringify(next.totals),
  ]);
  await within.query("INSERT INTO written_group (id, commit_number) VALUES ($1, $2)", [
    groupId,
    next.commitNumber,
  ]);
  if (next.commitNumber % GROUPS_KEPT === 0) {
    const oldest = next.commitNumber - GROUPS_KEPT;
    await within.query("DELETE FROM written_group WHERE commit_number < $1", [oldest]);
  }
  return next;
}

/** Marks who has lost an installation; the others keep theirs until the transaction ends. */
async function lockClaims(within: Queryable, entries: readonly ClaimedCommit[]): Promise<void> {
  const ids = [...new Set(entries.map((one) => one.commit.installation.installationId))];
  const claims = await within.query<{ id: string; generation: string }>(
    `SELECT installation_id AS id, generation FROM claim WHERE installation_id = ANY($1::uuid[])
     ORDER BY installation_id FOR SHARE`,
    [ids],
  );
  const byId = new Map(claims.map((one) => [one.id, one.generation]));
  for (const entry of entries) {
    const held = byId.get(entry.commit.installation.installationId);
    entry.isLost = held === undefined || held !== entry.generation;
  }
}

async function lockHead(within: Queryable): Promise<Head> {
  const [row] = await within.query<{ commit_number: string; totals: StoreTotals }>(
    "SELECT commit_number, totals FROM head FOR UPDATE",
  );
  return toHead(row);
}

/** A row of `head` as we speak of it. */
export function toHead(row: { commit_number: string; totals: StoreTotals } | undefined): Head {
  return {
    commitNumber: Number(row?.commit_number ?? 0),
    totals: { ...NO_TOTALS, ...row?.totals },
  };
}

/** Of a group, the newest state of each installation and epoch. */
async function writeStates(
  within: Queryable,
  commits: readonly Commit[],
  commitNumber: number,
): Promise<void> {
  const installations = new Map<string, InstallationState>();
  const epochs = new Map<string, { id: string; epoch: EpochState }>();
  for (const { installation, epochs: changed = [] } of commits) {
    const { installationId: id } = installation;
    installations.set(id, installation);
    for (const epoch of changed) epochs.set(id + epoch.epochId, { id, epoch });
  }
  await within.query(
    `INSERT INTO installation (id, commit_number, state)
     SELECT id, $2, state FROM unnest($1::uuid[], $3::json[]) AS new (id, state)
     ON CONFLICT (id) DO UPDATE SET commit_number = $2, state = excluded.state`,
    [[...installations.keys()], commitNumber, [...installations.values()].map(toJson)],
  );
  const all = [...epochs.values()];
  if (all.length === 0) return;
  await within.query(
    `INSERT INTO epoch (installation_id, epoch_id, state)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::json[])
     ON CONFLICT (installation_id, epoch_id) DO UPDATE SET state = excluded.state`,
    [
      all.map((one) => one.id),
      all.map((one) => one.epoch.epochId),
      all.map((one) => toJson(one.epoch)),
    ],
  );
}

async function writeBlocks(
  within: Queryable,
  commits: readonly Commit[],
  commitNumber: number,
): Promise<void> {
  const rows = commits.flatMap(({ block }) => {
    if (block === undefined) return [];
    const day = Math.max(0, Math.floor(block.firstMs / DAY_MS));
    const { installationId, epochId, sequence, batch } = block;
    const key = blockKey({ installationId, deviceId: batch.deviceId, day, epochId, sequence });
    return [[key, installationId, epochId, sequence, day, commitNumber, sealBlock(key, block)]];
  });
  await insertRows(within, "INSERT INTO block VALUES", rows, "");
  const digests = commits.flatMap(({ installation, digest }) => {
    if (digest === undefined) return [];
    const { epochId, sequence } = digest;
    const place = sequence % DIGESTS_KEPT;
    const bytes = Buffer.from(digest.digest);
    const { installationId } = installation;
    return [
      {
        at: `${installationId}${epochId}${place}`,
        row: [installationId, epochId, place, sequence, bytes],
      },
    ];
  });
  const newest = new Map(digests.map((one) => [one.at, one.row]));
  await insertRows(
    within,
    "INSERT INTO digest VALUES",
    [...newest.values()],
    `ON CONFLICT (installation_id, epoch_id, place)
     DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest`,
  );
}

/** What most commits do not carry. */
async function writeSeldom(within: Queryable, commits: readonly Commit[]): Promise<void> {
  for (const { installation, table, losses = [], deadLetter } of commits) {
    const { installationId } = installation;
    if (table !== undefined) {
      await within.query("INSERT INTO channel_table VALUES ($1, $2) ON CONFLICT DO NOTHING", [
        Buffer.from(table.id),
        toJson(table.channels),
      ]);
    }
    const rows = losses.map((loss) => [installationId, loss.number, loss.toMs, toJson(loss)]);
    await insertRows(within, "INSERT INTO loss VALUES", rows, "ON CONFLICT DO NOTHING");
    if (deadLetter === undefined) continue;
    const { epochId, sequence, receivedAtMs, declared, block, ...rest } = deadLetter;
    const { tableId } = declared;
    const letter = {
      ...rest,
      declared: { ...declared, tableId: Buffer.from(tableId).toString("hex") },
    };
    const fromMs = declared.slot * declared.stepMs;
    await insertRows(
      within,
      "INSERT INTO dead_letter VALUES",
      [
        [
          installationId,
          epochId,
          sequence,
          receivedAtMs,
          fromMs,
          toJson(letter),
          Buffer.from(block),
        ],
      ],
      `ON CONFLICT (installation_id, epoch_id, sequence)
       DO UPDATE SET letter = excluded.letter, block = excluded.block`,
    );
  }
}

/** Binary values, unlike arrays of them, need no second form on their way. */
async function insertRows(
  within: Queryable,
  insert: string,
  rows: readonly (readonly unknown[])[],
  conflict: string,
): Promise<void> {
  if (rows.length === 0) return;
  let place = 0;
  const list = rows.map((row) => `(${row.map(() => `$${++place}`).join(", ")})`).join(", ");
  await within.query(`${insert} ${list} ${conflict}`, rows.flat());
}

function toJson(value: unknown): string {
  return JSON.stringify(value);
}
