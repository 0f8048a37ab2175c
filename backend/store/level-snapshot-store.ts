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
import {
  type Database,
  folderBytes,
  type Operation,
  openDatabase,
  toStoreError,
  toWriteError,
} from "./level-database.js";
import { listDevices } from "./level-devices.js";
import { clearBlocksBefore, compactSlice, eraseInstallation, rewrite } from "./level-removal.js";
import type {
  Commit,
  DeadLetter,
  EpochState,
  SnapshotStore,
  StoreCount,
  StoredBlock,
  StoreTotals,
} from "./snapshot-store.js";
import { isLetterBefore, isLossBefore } from "./store-ages.js";
import {
  blockKey,
  dayKey,
  dayRange,
  daysFrom,
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
  sealBlock,
  sealJournal,
  sealJson,
  sealValue,
} from "./store-values.js";

/** Decided batches whose digest is remembered per epoch, to tell a repeat from a fork. */
const DIGESTS_KEPT = 1_024;

/** Dead letters kept for the operator; the oldest go first. */
const DEAD_LETTERS_MAX = 2_000;

/** How long a dead letter is kept. */
const DEAD_LETTER_MS = 30 * 86_400_000;

const DAY_MS = 86_400_000;

/** What one commit becomes: its own records, and states of which only the newest counts. */
interface Entry {
  readonly operations: readonly Operation[];
  readonly blockKey: Buffer | undefined;
  readonly commit: Commit;
}

/** @throws HeatpoolError `STORE_LOCKED`, `STORE_DAMAGED`, `STORE_FAILED` */
export async function openLevelSnapshotStore(options: {
  folder: string;
}): Promise<SnapshotStore & EntrySource> {
  const { folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o750 });
  let database = await openDatabase(folder);
  const totalsKey = key("totals");
  let head = await readHead(database, totalsKey);
  const deadLetterKeys = await readDeadLetterKeys(database);

  let isClosed = false;
  let reopening: Promise<void> | undefined;
  const reopen = (): Promise<void> => {
    reopening ??= (async () => {
      await database.close().catch(() => undefined);
      database = await openDatabase(folder);
      head = await readHead(database, totalsKey);
    })().finally(() => {
      reopening = undefined;
    });
    return reopening;
  };
  /** A medium that refused to be opened anew is tried again by whoever needs it next. */
  const ready = async (): Promise<Database> => {
    if (database.status !== "open" && !isClosed) await reopen();
    return database;
  };
  let turn: Promise<unknown> = Promise.resolve();
  /** One change at a time: none may pass through a handle between its failure and its end. */
  const change = <T>(work: (handle: Database) => Promise<T>): Promise<T> => {
    const next = turn.then(async () => {
      return await work(await ready()).catch(async (cause: unknown) => {
        await database.close().catch(() => undefined);
        throw toStoreError(cause, folder);
      });
    });
    turn = next.catch(() => undefined);
    return next;
  };
  const write = (operations: Operation[]) =>
    change((handle) => handle.batch(operations, { sync: true }));

  let attempt: { entries: readonly Entry[]; commit: number } | undefined;
  const group = createGroupCommit<Entry>({
    write: (entries) =>
      change(async (handle) => {
        // A write that failed may have reached the disk all the same; twice would count double.
        if (attempt?.entries === entries && attempt.commit === head.commit) return head.commit;
        attempt = { entries, commit: head.commit + 1 };
        const commits = entries.map((one) => one.commit);
        const next = { commit: head.commit + 1, totals: addCounts(head.totals, commits) };
        const operations = entries.flatMap((one) => one.operations);
        operations.push(...newestStates(entries), ...journal(next.commit, entries));
        operations.push({ type: "put", key: totalsKey, value: sealJson(totalsKey, next) });
        await handle.batch(operations as Operation[], { sync: true });
        head = next;
        return next.commit;
      }),
    // The handle that failed is closed; somebody else's change may have opened the next one.
    recover: async () => {
      if (database.status !== "open") await reopen();
    },
  });

  const read = async <T>(at: Buffer, open: (at: Buffer, value: Buffer) => T) => {
    const value = await (await ready()).get(at).catch((cause: unknown) => {
      throw toStoreError(cause, folder);
    });
    return value === undefined ? undefined : open(at, value);
  };
  async function* scan<T>(
    bounds: { gt?: Buffer; gte?: Buffer; lt: Buffer },
    open: (at: Buffer, value: Buffer) => T,
  ): AsyncGenerator<T> {
    for await (const [at, value] of (await ready()).iterator(bounds)) {
      // The end of a range that is being rewritten.
      if (value.length > 0) yield open(at, value);
    }
  }
  const guarded = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((cause: unknown) => {
      throw toStoreError(cause, folder);
    });
  const keysOf = async (
    bounds: { gte: Buffer; lt: Buffer },
    isWanted: (at: Buffer, value: Buffer) => boolean,
  ): Promise<Buffer[]> => {
    const keys: Buffer[] = [];
    for await (const at of scan(bounds, (at, value) => (isWanted(at, value) ? at : undefined))) {
      if (at !== undefined) keys.push(at);
    }
    return keys;
  };

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
    blocksOfDay: (id, deviceId, day) => scan(dayRange(id, deviceId, day), openBlock),
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
      await change((handle) => handle.clear(bounds));
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
          await reopen();
          const removal = await eraseInstallation(database, id, letters);
          forget(deadLetterKeys, letters);
          await reopen();
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
        const blocks = await change((handle) => clearBlocksBefore(handle, firstDay));
        if (letters.length > 0) await change((handle) => rewrite(handle, [range("deadLetter")]));
        return { blocks, deadLetters: letters.length, losses: losses.length };
      }),
    compact: (slice) => change((handle) => compactSlice(handle, slice)),
    bytes: () => folderBytes(folder),
    entries: () => readEntries(ready, folder),
    async close() {
      isClosed = true;
      await group.idle();
      await database.close();
    },
  };
}

/** Length of a refused batch's key. */
const DEAD_LETTER_KEY_BYTES = 50;

async function readDeadLetterKeys(database: Database): Promise<Buffer[]> {
  const keys = await database.keys(range("deadLetter")).all();
  return keys.filter((at) => at.length === DEAD_LETTER_KEY_BYTES);
}

/** Takes keys out of those that are known. */
function forget(known: Buffer[], removed: readonly Buffer[]): void {
  for (const at of removed) {
    const place = known.findIndex((one) => one.equals(at));
    if (place >= 0) known.splice(place, 1);
  }
}

interface Head {
  readonly commit: number;
  readonly totals: StoreTotals;
}

async function readHead(database: Database, at: Buffer): Promise<Head> {
  const value = await database.get(at);
  return value === undefined ? { commit: 0, totals: NO_TOTALS } : openJson<Head>(at, value);
}

function toEntry(commit: Commit, deadLetterKeys: Buffer[]): Entry {
  const operations: Operation[] = [];
  const put = (at: Buffer, value: Buffer) => operations.push({ type: "put", key: at, value });
  const { block, digest, deadLetter, installation, table } = commit;
  if (table !== undefined) {
    const tableAt = key("table", table.id);
    put(tableAt, sealJson(tableAt, table.channels));
  }
  const at = block === undefined ? undefined : keyOf(block);
  if (block !== undefined && at !== undefined) put(at, sealBlock(at, block));
  if (digest !== undefined) {
    const { epochId, sequence } = digest;
    const digestAt = digestKey(installation.installationId, epochId, sequence);
    put(digestAt, sealDigest(digestAt, sequence, digest.digest));
  }
  for (const loss of commit.losses ?? []) {
    const lossAt = key("loss", uuidBytes(installation.installationId), u64(loss.number));
    put(lossAt, sealJson(lossAt, loss));
  }
  if (deadLetter !== undefined) operations.push(...deadLetterWrites(deadLetter, deadLetterKeys));
  return { operations, blockKey: at, commit };
}

function deadLetterWrites(letter: DeadLetter, known: Buffer[]): Operation[] {
  const at = key(
    "deadLetter",
    u64(letter.receivedAtMs),
    uuidBytes(letter.installationId),
    uuidBytes(letter.epochId),
    u64(letter.sequence),
  );
  const value = sealJson(at, {
    ...letter,
    declared: { ...letter.declared, tableId: Buffer.from(letter.declared.tableId).toString("hex") },
    block: Buffer.from(letter.block).toString("base64"),
  });
  known.push(at);
  const isOld = (one: Buffer) => readU64(one, 2) < letter.receivedAtMs - DEAD_LETTER_MS;
  const removed: Operation[] = [];
  while (known.length > DEAD_LETTERS_MAX || (known[0] !== undefined && isOld(known[0]))) {
    const oldest = known.shift();
    if (oldest !== undefined) removed.push({ type: "del", key: oldest });
  }
  return [...removed, { type: "put", key: at, value }];
}

function openDeadLetter(at: Buffer, value: Buffer): DeadLetter {
  const letter = openJson<DeadLetter & { declared: { tableId: string }; block: string }>(at, value);
  return {
    ...letter,
    declared: { ...letter.declared, tableId: Buffer.from(letter.declared.tableId, "hex") },
    block: Buffer.from(letter.block, "base64"),
  };
}

/** Of a group, the newest state of each installation and epoch. */
function newestStates(entries: readonly Entry[]): Operation[] {
  const installations = new Map<string, InstallationState>();
  const epochs = new Map<string, { installationId: string; epoch: EpochState }>();
  for (const { commit } of entries) {
    const { installationId } = commit.installation;
    installations.set(installationId, commit.installation);
    for (const epoch of commit.epochs ?? []) {
      epochs.set(installationId + epoch.epochId, { installationId, epoch });
    }
  }
  const operations: Operation[] = [];
  for (const [id, state] of installations) {
    const at = key("installation", uuidBytes(id));
    operations.push({ type: "put", key: at, value: sealJson(at, state) });
  }
  for (const { installationId, epoch } of epochs.values()) {
    const at = epochKey(installationId, epoch.epochId);
    operations.push({ type: "put", key: at, value: sealJson(at, epoch) });
  }
  return operations;
}

/** The keys of a group's blocks: what a later start has to read to know them. */
function journal(commit: number, entries: readonly Entry[]): Operation[] {
  const keys = entries.flatMap((one) => one.blockKey ?? []);
  if (keys.length === 0) return [];
  const at = key("journal", u64(commit));
  return [{ type: "put", key: at, value: sealJournal(at, keys) }];
}

function keyOf(block: StoredBlock): Buffer {
  return blockKey({
    installationId: block.installationId,
    deviceId: block.batch.deviceId,
    day: Math.floor(block.firstMs / DAY_MS),
    epochId: block.epochId,
    sequence: block.sequence,
  });
}

function epochKey(installationId: string, epochId: string): Buffer {
  return key("epoch", uuidBytes(installationId), uuidBytes(epochId));
}

/** A ring of the newest digests: a number takes the place of the one so many before it. */
function digestKey(installationId: string, epochId: string, sequence: number): Buffer {
  const place = u64(sequence % DIGESTS_KEPT);
  return key("digest", uuidBytes(installationId), uuidBytes(epochId), place);
}

function sealDigest(at: Buffer, sequence: number, digest: Uint8Array): Buffer {
  return sealValue(at, Buffer.concat([u64(sequence), digest]));
}

function readDigest(at: Buffer, value: Buffer): { sequence: number; digest: Buffer } {
  const payload = openValue(at, value);
  return { sequence: readU64(payload, 0), digest: payload.subarray(8) };
}

/** `undefined` where a newer number has taken the place. */
function openDigest(at: Buffer, value: Buffer, sequence: number): Buffer | undefined {
  const found = readDigest(at, value);
  return found.sequence === sequence ? found.digest : undefined;
}
