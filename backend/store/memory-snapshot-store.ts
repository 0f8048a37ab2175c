/**
 * The snapshot store in memory, for tests: the promise holds while the shelf does. Opening another
 * store on the same shelf is a restart.
 */

import type { ChannelTable } from "#core/batch/channel-table.js";
import type { DaySummary } from "../aggregate/day-summary.js";
import type { ReportedLoss } from "../ingest/ingest.js";
import type { InstallationState } from "../registry/registry.js";
import type {
  Commit,
  DeadLetter,
  EpochState,
  SnapshotStore,
  StoredBlock,
} from "./snapshot-store.js";
import { isLetterBefore, isLossBefore } from "./store-ages.js";
import { addCounts, NO_TOTALS } from "./store-totals.js";

const DAY_MS = 86_400_000;

/** What lasts from one store to the next. */
export interface Shelf {
  readonly days: Map<string, DaySummary>;
  readonly blocks: Map<string, { block: StoredBlock; commitNumber: number }>;
  readonly installations: Map<string, InstallationState>;
  readonly epochs: Map<string, EpochState>;
  readonly digests: Map<string, Uint8Array>;
  readonly tables: Map<string, ChannelTable>;
  readonly losses: Map<string, ReportedLoss>;
  readonly deadLetters: DeadLetter[];
  readonly records: Map<string, Uint8Array>;
  committedThrough: number;
  forgottenThrough: number;
  totals: typeof NO_TOTALS;
}

/** An empty shelf. */
export function createShelf(): Shelf {
  return {
    days: new Map(),
    blocks: new Map(),
    installations: new Map(),
    epochs: new Map(),
    digests: new Map(),
    tables: new Map(),
    losses: new Map(),
    deadLetters: [],
    records: new Map(),
    committedThrough: 0,
    forgottenThrough: 0,
    totals: NO_TOTALS,
  };
}

/** A store on a shelf. */
export function createMemorySnapshotStore(shelf: Shelf = createShelf()): SnapshotStore {
  const sorted = () =>
    [...shelf.blocks].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { block }]) => block);
  return {
    claim: async (id) => shelf.installations.get(id),
    isClaimed: async () => true,
    async put(commit) {
      shelf.committedThrough++;
      putOn(shelf, commit);
      return shelf.committedThrough;
    },
    get committedThrough() {
      return shelf.committedThrough;
    },
    installations: () => each(shelf.installations.values()),
    installation: async (id) => shelf.installations.get(id),
    epoch: async (id, epochId) => shelf.epochs.get(`${id}/${epochId}`),
    digest: async (id, epochId, sequence) => shelf.digests.get(`${id}/${epochId}/${sequence}`),
    async *positions(id) {
      for (const [at, epoch] of shelf.epochs) {
        if (!at.startsWith(`${id}/`)) continue;
        const digests = [...shelf.digests]
          .filter(([one]) => one.startsWith(`${at}/`))
          .map(([one, digest]) => ({ sequence: Number(one.split("/")[2]), digest }));
        yield { epoch, digests };
      }
    },
    blocks: (id) => each(sorted().filter((one) => id === undefined || one.installationId === id)),
    devices: async (id) => [
      ...new Set(
        sorted()
          .filter((one) => one.installationId === id)
          .map((one) => one.batch.deviceId),
      ),
    ],
    blocksOfDays: (id, deviceId, fromDay, toDay) =>
      each(
        sorted().filter(
          ({ installationId, batch, firstMs }) =>
            installationId === id &&
            batch.deviceId === deviceId &&
            firstMs >= fromDay * DAY_MS &&
            firstMs < toDay * DAY_MS,
        ),
      ),
    blocksAfter: (commitNumber) =>
      each(
        [...shelf.blocks.values()]
          .filter((one) => one.commitNumber > Math.max(commitNumber, shelf.forgottenThrough))
          .map(({ block, commitNumber: number }) => ({ ...block, commitNumber: number })),
      ),
    async forgetJournal(commitNumber) {
      shelf.forgottenThrough = Math.max(shelf.forgottenThrough, commitNumber);
    },
    tables: () => each(shelf.tables.values()),
    deadLetters: () => each(shelf.deadLetters),
    losses: (id) =>
      each([...shelf.losses].filter(([at]) => at.startsWith(id)).map(([, loss]) => loss)),
    totals: () => shelf.totals,
    async count() {
      const blocks = sorted();
      return {
        blocks: blocks.length,
        snapshots: blocks.reduce((sum, { batch }) => sum + batch.rows, 0),
        readings: blocks.reduce((sum, { batch }) => sum + batch.readings, 0),
      };
    },
    async putDays(id, days) {
      for (const one of days) shelf.days.set(dayName(id, one.day, one.deviceId), one);
    },
    days: (id, fromDay) =>
      each(
        [...shelf.days]
          .filter(([at]) => at.startsWith(id) && at >= dayName(id, fromDay, ""))
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([, day]) => day),
      ),
    async putRecord(name, bytes) {
      shelf.records.set(name, Uint8Array.from(bytes));
    },
    record: async (name) => shelf.records.get(name),
    recordNames: async (prefix) =>
      [...shelf.records.keys()]
        .filter((name) => name.startsWith(prefix))
        .sort((a, b) => (a < b ? -1 : 1)),
    async removeRecord(name) {
      shelf.records.delete(name);
    },
    async erase(id) {
      const isMine = (at: string) => at.startsWith(id);
      remove(shelf.epochs, isMine);
      remove(shelf.digests, isMine);
      remove(shelf.days, isMine);
      shelf.installations.delete(id);
      return {
        blocks: remove(shelf.blocks, isMine),
        losses: remove(shelf.losses, isMine),
        deadLetters: removeLetters(shelf, (one) => one.installationId === id),
      };
    },
    async forgetBefore(timeMs) {
      const day = Math.floor(timeMs / DAY_MS);
      remove(shelf.days, (_, one) => one.day < day);
      return {
        blocks: remove(shelf.blocks, (_, { block }) => Math.floor(block.firstMs / DAY_MS) < day),
        losses: remove(shelf.losses, (_, loss) => isLossBefore(loss, timeMs)),
        deadLetters: removeLetters(shelf, (one) => isLetterBefore(one, timeMs)),
      };
    },
    compact: async () => undefined,
    bytes: async () => 0,
    close: async () => undefined,
  };
}

function dayName(id: string, day: number, deviceId: string): string {
  return [id, String(day).padStart(8, "0"), deviceId].join("/");
}

function putOn(shelf: Shelf, commit: Commit): void {
  const { installation, block, digest, deadLetter, table } = commit;
  if (table !== undefined) shelf.tables.set(Buffer.from(table.id).toString("hex"), table);
  const id = installation.installationId;
  shelf.installations.set(id, installation);
  for (const epoch of commit.epochs ?? []) shelf.epochs.set(`${id}/${epoch.epochId}`, epoch);
  if (digest !== undefined) {
    shelf.digests.set(`${id}/${digest.epochId}/${digest.sequence}`, digest.digest);
  }
  if (block !== undefined) {
    const sequence = String(block.sequence).padStart(16, "0");
    const at = [id, block.batch.deviceId, block.firstMs, block.epochId, sequence].join("/");
    const batch = { ...block.batch, block: Uint8Array.from(block.batch.block) };
    const commitNumber = shelf.committedThrough;
    shelf.blocks.set(at, { block: { ...block, batch }, commitNumber });
  }
  for (const loss of commit.losses ?? []) shelf.losses.set(`${id}/${loss.number}`, loss);
  if (deadLetter !== undefined) shelf.deadLetters.push(deadLetter);
  shelf.totals = addCounts(shelf.totals, [commit]);
}

/** Removes what `isOld` names. Returns how many. */
function remove<T>(map: Map<string, T>, isOld: (at: string, value: T) => boolean): number {
  const old = [...map].filter(([at, value]) => isOld(at, value));
  for (const [at] of old) map.delete(at);
  return old.length;
}

function removeLetters({ deadLetters }: Shelf, isOld: (letter: DeadLetter) => boolean): number {
  const kept = deadLetters.filter((one) => !isOld(one));
  return deadLetters.splice(0, Number.POSITIVE_INFINITY, ...kept).length - kept.length;
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
