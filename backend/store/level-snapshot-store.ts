/**
 * The snapshot store on LevelDB, for a backend that is one process.
 *
 * One group of commits is one `sync: true` batch: block, digest, epoch, installation, losses, dead
 * letter, totals and the journal entry become durable together. The newest state of an installation
 * in a group is the one written.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { type Channel, createChannelTable } from "#core/batch/channel-table.js";
import type { DaySummary } from "../aggregate/day-summary.js";
import type { ReportedLoss } from "../ingest/ingest.js";
import type { InstallationState } from "../registry/registry.js";
import type { EntrySource } from "./backup.js";
import { createGroupCommit } from "./group-commit.js";
import { readEntries } from "./level-backup.js";
import { type Database, folderBytes, type Operation, toWriteError } from "./level-database.js";
import { forget, openDeadLetter, readDeadLetterKeys } from "./level-dead-letters.js";
import { listDevices } from "./level-devices.js";
import {
  digestKey,
  type Entry,
  epochKey,
  journal,
  newestStates,
  openDigest,
  readDigest,
  toEntry,
} from "./level-entries.js";
import { openHandle } from "./level-handle.js";
import { clearBlocksBefore, compactSlice, eraseInstallation, rewrite } from "./level-removal.js";
import type { EpochState, SnapshotStore, StoreCount, StoreTotals } from "./snapshot-store.js";
import { isLetterBefore, isLossBefore } from "./store-ages.js";
import {
  dayKey,
  daysFrom,
  daysRange,
  key,
  range,
  readDay,
  readU64,
  u64,
  uuidBytes,
} from "./store-keys.js";
import { addCounts, NO_TOTALS } from "./store-totals.js";
import {
  openBlock,
  openJournal,
  openJson,
  openValue,
  sealJson,
  sealValue,
} from "./store-values.js";

const DAY_MS = 86_400_000;

/** @throws HeatpoolError `STORE_LOCKED`, `STORE_DAMAGED`, `STORE_FAILED` */
export async function openLevelSnapshotStore(options: {
  folder: string;
}): Promise<SnapshotStore & EntrySource> {
  const { folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const totalsKey = key("totals");
  let head: Head = { commit: 0, totals: NO_TOTALS };
  const handle = await openHandle(folder, async (database) => {
    head = await readHead(database, totalsKey);
  });
  const { change, guarded, keysOf, read, ready, scan, write } = handle;
  const deadLetterKeys = await readDeadLetterKeys(await ready());

  let attempt: { entries: readonly Entry[]; commit: number } | undefined;
  const group = createGroupCommit<Entry>({
    write: (entries) =>
      change(async (database) => {
        // A write that failed may have reached the disk all the same; twice would count double.
        if (attempt?.entries === entries && attempt.commit === head.commit) return head.commit;
        attempt = { entries, commit: head.commit + 1 };
        const commits = entries.map((one) => one.commit);
        const next = { commit: head.commit + 1, totals: addCounts(head.totals, commits) };
        const operations = entries.flatMap((one) => one.operations);
        operations.push(...newestStates(entries), ...journal(next.commit, entries));
        operations.push({ type: "put", key: totalsKey, value: sealJson(totalsKey, next) });
        await database.batch(operations as Operation[], { sync: true });
        head = next;
        return next.commit;
      }),
    // The handle that failed is closed; somebody else's change may have opened the next one.
    recover: handle.recover,
  });

  return {
    claim: (id) => read(key("installation", uuidBytes(id)), openJson<InstallationState>),
    // There is no other process.
    isClaimed: async () => true,
    async put(commit) {
      return await group.add(toEntry(commit, deadLetterKeys)).catch((cause: unknown) => {
        throw toWriteError(cause, folder);
      });
    },
    get committedThrough() {
      return head.commit;
    },
    installations: () => scan(range("installation"), openJson<InstallationState>),
    installation: (id) => read(key("installation", uuidBytes(id)), openJson<InstallationState>),
    epoch: (id, epochId) => read(epochKey(id, epochId), openJson<EpochState>),
    digest: (id, epochId, sequence) =>
      read(digestKey(id, epochId, sequence), (at, value) => openDigest(at, value, sequence)),
    async *positions(id) {
      const mine = scan(range("epoch", uuidBytes(id)), openJson<EpochState>);
      for await (const epoch of mine) {
        const bounds = range("digest", uuidBytes(id), uuidBytes(epoch.epochId));
        const digests: { sequence: number; digest: Buffer }[] = [];
        for await (const one of scan(bounds, readDigest)) digests.push(one);
        yield { epoch, digests };
      }
    },
    blocks: (id) => scan(range("block", ...(id === undefined ? [] : [uuidBytes(id)])), openBlock),
    devices: (id) => guarded(async () => listDevices(await ready(), id)),
    blocksOfDays: (id, deviceId, fromDay, toDay) =>
      scan(daysRange(id, deviceId, fromDay, toDay), openBlock),
    async *blocksAfter(commitNumber) {
      const bounds = { gt: key("journal", u64(commitNumber)), lt: range("journal").lt };
      const groups = scan(bounds, (at, value) => ({
        number: readU64(at, 2),
        keys: openJournal(at, value),
      }));
      for await (const { number, keys } of groups) {
        for (const at of keys) {
          const block = await read(at, openBlock);
          if (block !== undefined) yield { ...block, commitNumber: number };
        }
      }
    },
    async forgetJournal(commitNumber) {
      const bounds = { gte: range("journal").gte, lte: key("journal", u64(commitNumber)) };
      await change((database) => database.clear(bounds));
    },
    tables: () =>
      scan(
        range("table"),
        (at, value): ChannelTable => createChannelTable(openJson<Channel[]>(at, value)),
      ),
    deadLetters: () => scan(range("deadLetter"), openDeadLetter),
    losses: (id) => scan(range("loss", uuidBytes(id)), openJson<ReportedLoss>),
    totals: () => head.totals,
    async count() {
      const found = { blocks: 0, snapshots: 0, readings: 0 };
      for await (const { batch } of scan(range("block"), openBlock)) {
        found.blocks++;
        found.snapshots += batch.rows;
        found.readings += batch.readings;
      }
      return found satisfies StoreCount;
    },
    async putDays(id, days) {
      await write(
        days.map((one) => {
          const at = dayKey(id, one.day, one.deviceId);
          return { type: "put", key: at, value: sealJson(at, one) };
        }),
      );
    },
    days: (id, fromDay) => scan(daysFrom(id, fromDay), openJson<DaySummary>),
    async putRecord(name, bytes) {
      const at = key("record", Buffer.from(name, "utf8"));
      await write([{ type: "put", key: at, value: sealValue(at, bytes) }]);
    },
    record: (name) => read(key("record", Buffer.from(name, "utf8")), openValue),
    async recordNames(prefix) {
      const bounds = range("record", Buffer.from(prefix, "utf8"));
      return (await keysOf(bounds, () => true)).map((at) => at.toString("utf8", 2));
    },
    async removeRecord(name) {
      await write([{ type: "del", key: key("record", Buffer.from(name, "utf8")) }]);
    },
    erase: (id) =>
      group.alone(() =>
        change(async () => {
          const letters = deadLetterKeys.filter((at) => at.subarray(10, 26).equals(uuidBytes(id)));
          // Whoever still reads would keep what he reads.
          const removal = await eraseInstallation(await handle.reopen(), id, letters);
          forget(deadLetterKeys, letters);
          await handle.reopen();
          // The database's own log of the time before names ranges too.
          await rm(join(folder, "db", "LOG.old"), { force: true });
          return removal;
        }),
      ),
    forgetBefore: (timeMs) =>
      guarded(async () => {
        const letters = await keysOf(range("deadLetter"), (at, value) =>
          isLetterBefore(openDeadLetter(at, value), timeMs),
        );
        const losses = await keysOf(range("loss"), (at, value) =>
          isLossBefore(openJson<ReportedLoss>(at, value), timeMs),
        );
        const firstDay = Math.floor(timeMs / DAY_MS);
        const days = await keysOf(range("day"), (at) => readDay(at) < firstDay);
        await write([...letters, ...losses, ...days].map((at) => ({ type: "del", key: at })));
        forget(deadLetterKeys, letters);
        const blocks = await change((database) => clearBlocksBefore(database, firstDay));
        if (letters.length > 0)
          await change((database) => rewrite(database, [range("deadLetter")]));
        return { blocks, deadLetters: letters.length, losses: losses.length };
      }),
    compact: (slice) => change((database) => compactSlice(database, slice)),
    bytes: () => folderBytes(folder),
    entries: () => readEntries(ready, folder),
    close: () => handle.close(() => group.idle()),
  };
}

interface Head {
  readonly commit: number;
  readonly totals: StoreTotals;
}

async function readHead(database: Database, at: Buffer): Promise<Head> {
  const value = await database.get(at);
  return value === undefined ? { commit: 0, totals: NO_TOTALS } : openJson<Head>(at, value);
}
