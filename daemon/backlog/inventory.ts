/**
 * What a store holds, checked and brought into agreement with itself.
 *
 * Every checksum is verified before anything is sealed or sent. What the counters say was there and
 * is not found becomes an entry of the loss ledger; what should have gone and is found again goes.
 */
import type { ChannelTable } from "#core/batch/channel-table.js";
import { decodeChannelTable, decodeJournalBlock, decodeSealedBatch } from "#core/batch/records.js";
import type { DeadLetter, DeviceStream, Loss } from "./backlog.js";
import type { StoredEpoch, WaitingBatch } from "./batch-index.js";
import type { UnsealedBlock } from "./journal.js";
import { batchKey, numberKey, parseKey } from "./keys.js";
import type { NewLoss } from "./loss-ledger.js";
import { openRecord } from "./record.js";
import type { Opening } from "./record-store.js";
import {
  type BacklogState,
  type Counters,
  decodeDeadLetter,
  decodeLoss,
  decodeState,
  decodeStream,
  type StoredStream,
  streamKeyOf,
} from "./stored-records.js";

/** A life that did not end cleanly may have used numbers that no record shows any more. */
const LOSS_NUMBERS_SKIPPED = 1_000;

/** What was found, fit to go on with. */
export interface Inventory {
  readonly state: BacklogState;
  readonly batches: readonly WaitingBatch[];
  readonly blocks: readonly UnsealedBlock[];
  readonly losses: readonly Loss[];
  readonly deadLetters: readonly DeadLetter[];
  /** By stream key. */
  readonly streams: ReadonlyMap<string, DeviceStream>;
  /** What is missing; not in the ledger yet, but counted as lost. */
  readonly damage: readonly NewLoss[];
  /** Records that must go. */
  readonly removals: readonly Buffer[];
  /** Whether numbering may go on where it ended. */
  readonly isClean: boolean;
}

interface Found {
  state: BacklogState | undefined;
  readonly batches: WaitingBatch[];
  readonly blocks: UnsealedBlock[];
  readonly losses: Loss[];
  readonly deadLetters: DeadLetter[];
  readonly streams: StoredStream[];
  readonly tables: Map<string, ChannelTable>;
  readonly removals: Buffer[];
  corrupt: number;
}

/** Reads and checks every record. */
export async function takeInventory(
  records: AsyncIterable<readonly [Buffer, Buffer]>,
  opening: Opening,
  known: readonly DeviceStream[],
): Promise<Inventory> {
  const found: Found = {
    state: undefined,
    batches: [],
    blocks: [],
    losses: [],
    deadLetters: [],
    streams: [],
    tables: new Map(),
    removals: [],
    corrupt: 0,
  };
  for await (const [key, value] of records) takeRecord(found, key, value);
  return reconcile(found, opening, known);
}

function takeRecord(found: Found, key: Buffer, value: Buffer): void {
  const name = parseKey(key);
  const payload = openRecord(key, value);
  if (name !== undefined && payload !== undefined) {
    try {
      takePayload(found, name, payload, value.length);
      return;
    } catch {
      // Bytes that no decoder takes are damage like a wrong checksum.
    }
  }
  found.corrupt++;
  found.removals.push(key);
}

function takePayload(
  found: Found,
  name: NonNullable<ReturnType<typeof parseKey>>,
  payload: Buffer,
  bytes: number,
): void {
  if (name.sort === "b") {
    const sealed = decodeSealedBatch(payload);
    const fromMs = sealed.slot * sealed.stepMs;
    found.batches.push({
      epochId: name.epochId ?? "",
      sequence: name.number,
      deviceId: sealed.deviceId,
      streamKey: streamKeyOf(sealed),
      rows: sealed.rows,
      readings: sealed.readings,
      fromMs,
      toMs: fromMs + (sealed.rows - 1) * sealed.stepMs,
      bytes,
    });
  } else if (name.sort === "s") {
    found.blocks.push({ ...decodeJournalBlock(payload), number: name.number });
  } else if (name.sort === "l") found.losses.push(decodeLoss(payload));
  else if (name.sort === "d") {
    found.deadLetters.push({ ...decodeDeadLetter(payload).letter, number: name.number, bytes });
  } else if (name.sort === "m") found.state = decodeState(payload);
  else if (name.sort === "v") found.streams.push(decodeStream(payload));
  else if (name.sort === "t") {
    const table = decodeChannelTable(payload);
    found.tables.set(Buffer.from(table.id).toString("hex"), table);
  }
}

function reconcile(found: Found, opening: Opening, known: readonly DeviceStream[]): Inventory {
  const streams = joinStreams(found, known);
  const before = found.state;
  const keepBatch = (batch: WaitingBatch): boolean =>
    streams.has(batch.streamKey) && batch.sequence >= firstUnackedOf(before, batch.epochId);
  const keepBlock = (block: UnsealedBlock): boolean =>
    streams.has(streamKeyOf(block.rows)) && block.number >= (before?.journalFirst ?? 0);
  const batches = found.batches.filter(keepBatch);
  const blocks = found.blocks.filter(keepBlock);
  const epochs = joinEpochs(before?.epochs ?? [], batches);
  const counters = { ...(before?.counters ?? emptyCounters()) };
  const damage = findDamage(counters, {
    epochs,
    batches,
    blocks,
    deadLetters: found.deadLetters,
    opening,
    before,
  });
  const last = epochs.at(-1);
  const { clean } = opening;
  const isClean =
    damage.length === 0 &&
    found.corrupt === 0 &&
    clean !== undefined &&
    clean.epochId === last?.epochId &&
    clean.lastSealed === last.lastSealed &&
    clean.recorded === counters.recorded;
  const lossNext = Math.max(before?.lossNext ?? 1, opening.lossNumberMin);
  const state: BacklogState = {
    epochs,
    retractions: before?.retractions ?? [],
    counters,
    journalFirst: before?.journalFirst ?? 1,
    journalNext: before?.journalNext ?? 1,
    lossNext: isClean || opening.isNew ? lossNext : lossNext + LOSS_NUMBERS_SKIPPED,
    deadLetterNext: before?.deadLetterNext ?? 1,
    newestMs: before?.newestMs ?? Math.max(0, ...batches.map((batch) => batch.toMs)),
    sealedThroughMs: before?.sealedThroughMs ?? 0,
  };
  const removals = [
    ...found.removals,
    ...found.batches
      .filter((one) => !keepBatch(one))
      .map((one) => batchKey(one.epochId, one.sequence)),
    ...found.blocks.filter((one) => !keepBlock(one)).map((one) => numberKey("s", one.number)),
  ];
  const { losses, deadLetters } = found;
  return { state, batches, blocks, losses, deadLetters, streams, damage, removals, isClean };
}

export function emptyCounters(): Counters {
  return { recorded: 0, admitted: 0, duplicate: 0, rejected: 0, lost: 0 };
}

function joinStreams(found: Found, known: readonly DeviceStream[]): Map<string, DeviceStream> {
  const streams = new Map<string, DeviceStream>();
  for (const { tableId, ...stored } of found.streams) {
    const table = found.tables.get(tableId);
    if (table === undefined) continue;
    const stream = { ...stored, table };
    streams.set(streamKeyOf({ ...stream, tableId: table.id }), stream);
  }
  for (const stream of known) {
    streams.set(streamKeyOf({ ...stream, tableId: stream.table.id }), stream);
  }
  return streams;
}

function firstUnackedOf(state: BacklogState | undefined, epochId: string): number {
  return state?.epochs.find((epoch) => epoch.epochId === epochId)?.firstUnacked ?? 1;
}

/** Epochs that the counters know, and before them those that only batches tell of. */
function joinEpochs(
  stated: readonly StoredEpoch[],
  batches: readonly WaitingBatch[],
): StoredEpoch[] {
  const byId = new Map<string, { first: number; last: number }>();
  for (const { epochId, sequence } of batches) {
    const span = byId.get(epochId) ?? { first: sequence, last: 0 };
    byId.set(epochId, {
      first: Math.min(span.first, sequence),
      last: Math.max(span.last, sequence),
    });
  }
  const known = stated.map((epoch) => {
    const last = byId.get(epoch.epochId)?.last ?? 0;
    byId.delete(epoch.epochId);
    return { ...epoch, lastSealed: Math.max(epoch.lastSealed, last) };
  });
  const unknown = [...byId].map(([epochId, { first, last }]) => ({
    epochId,
    firstUnacked: first,
    lastSealed: last,
    voids: [],
    handedThrough: undefined,
  }));
  return [...unknown, ...known];
}

interface Evidence {
  readonly epochs: readonly StoredEpoch[];
  readonly batches: readonly WaitingBatch[];
  readonly blocks: readonly UnsealedBlock[];
  readonly deadLetters: readonly DeadLetter[];
  readonly opening: Opening;
  readonly before: BacklogState | undefined;
}

/** What is missing, with its numbers; makes the counters agree with what was found. */
function findDamage(counters: Counters, evidence: Evidence): NewLoss[] {
  const { batches, blocks, deadLetters, opening, before } = evidence;
  const rows =
    batches.reduce((sum, batch) => sum + batch.rows, 0) +
    blocks.reduce((sum, block) => sum + block.rows.rows, 0) +
    deadLetters.reduce((sum, letter) => sum + letter.snapshots, 0);
  const decided = counters.admitted + counters.duplicate + counters.rejected + counters.lost;
  const vanished = opening.vanished ?? 0;
  counters.recorded += vanished;
  const missing = counters.recorded - decided - rows;
  // More than counted: the counters are older than the records, or were lost with their record.
  if (missing < 0) counters.recorded -= missing;
  const holes = evidence.epochs.flatMap((epoch) => findHoles(epoch, batches));
  const lost = Math.max(0, missing);
  counters.lost += lost;
  const first: NewLoss = {
    class: "lost",
    reason: opening.vanished === undefined ? "corrupt-record" : "corrupt-store",
    deviceId: undefined,
    fromMs: holes[0]?.fromMs ?? before?.sealedThroughMs ?? 0,
    toMs: holes[0]?.toMs ?? before?.newestMs ?? 0,
    snapshots: lost,
    readings: 0,
    batches: holes[0]?.batches,
  };
  if (holes.length > 0) {
    return [first, ...holes.slice(1).map((hole) => ({ ...first, ...hole, snapshots: 0 }))];
  }
  return lost > 0 || opening.vanished !== undefined ? [first] : [];
}

/** Numbers between the oldest unacked and the newest that no batch bears and that are not void. */
function findHoles(
  epoch: StoredEpoch,
  batches: readonly WaitingBatch[],
): { batches: NonNullable<Loss["batches"]>; fromMs: number; toMs: number }[] {
  const mine = batches
    .filter((batch) => batch.epochId === epoch.epochId)
    .sort((a, b) => a.sequence - b.sequence);
  const holes = [];
  let expected = epoch.firstUnacked;
  let fromMs = mine[0]?.fromMs ?? 0;
  const end = { sequence: epoch.lastSealed + 1, fromMs: mine.at(-1)?.toMs ?? 0, toMs: 0 };
  for (const batch of [...mine, end]) {
    const hole = { from: expected, to: batch.sequence - 1 };
    const isVoid = epoch.voids.some(({ from, to }) => from <= hole.from && hole.to <= to);
    if (hole.to >= hole.from && !isVoid) {
      const { epochId } = epoch;
      const numbers = { epochId, sequenceFrom: hole.from, sequenceTo: hole.to };
      holes.push({ batches: numbers, fromMs, toMs: Math.max(fromMs, batch.fromMs) });
    }
    expected = batch.sequence + 1;
    fromMs = batch.toMs;
  }
  return holes;
}
