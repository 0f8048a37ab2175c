/** A backlog as a list: what the uplink may see of one, without disk, with its own counting. */
import { createHash } from "node:crypto";
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { createChannelTable } from "#core/batch/channel-table.js";
import { KIND_PRIOR } from "#core/batch/priors/released.js";
import type {
  Backlog,
  BacklogEntry,
  DeviceStream,
  Loss,
  Receipt,
  Retraction,
  RetractionResult,
} from "../../../daemon/backlog/backlog.js";

export const EPOCH = "11111111-1111-4111-8111-111111111111";
export const OLD_EPOCH = "22222222-2222-4222-8222-222222222222";

/** Begun by `beginEpoch` unless told otherwise. */
export const NEXT_EPOCH = "33333333-3333-4333-8333-333333333333";

export const DEVICE: DeviceStream = {
  deviceId: "heatpump",
  profile: "idm/navigator-2.0",
  profileVersion: 1,
  heatpumpModel: "idm/navigator-2.0",
  table: createChannelTable([
    { metric: "temp_flow", encoding: "int", multiplier: 1, decimals: 1, kind: "fastTemperature" },
  ]),
  stepMs: 60_000,
};

/** Batch `sequence` of `epochId`: ten snapshots that ended at `endMs`. */
export function entryOf(
  epochId: string,
  sequence: number,
  { endMs = Date.UTC(2026, 10, 1), bytes = 100, rows = 10, device = DEVICE } = {},
): BacklogEntry {
  const slot = Math.round(endMs / device.stepMs) - rows;
  const block = Buffer.alloc(bytes, `${epochId}/${sequence}`);
  return {
    epochId,
    sequence,
    sealed: {
      deviceId: device.deviceId,
      tableId: device.table.id,
      stepMs: device.stepMs,
      slot,
      rows,
      readings: rows,
      codec: 1,
      plainBytes: bytes,
      digest: createHash("sha256").update(block).digest().subarray(0, 16),
      block,
    },
  };
}

/** The list and the hand that fills it. */
export interface ListedBacklog extends Backlog {
  /** Puts a batch in as if it had been sealed. */
  put(entry: BacklogEntry): void;
  /** Comes out of the next `seal`. */
  readonly toSeal: BacklogEntry[];
  readonly waiting: readonly BacklogEntry[];
  readonly receipts: readonly Receipt[];
  readonly ledger: readonly Loss[];
  /** Numbers that were taken back, and what the backend said. */
  readonly settled: readonly (Retraction & { result: RetractionResult })[];
  /** Begins another epoch, as a repair does. */
  beginEpoch(epochId?: string): Promise<void>;
  /** Throws a batch away with a ledger entry, as the size limit does. */
  evict(sequence: number): void;
  seals: number;
}

export function createListedBacklog(): ListedBacklog {
  let current = EPOCH;
  const epochs = [EPOCH];
  const lastSealed = new Map<string, number>();
  let waiting: BacklogEntry[] = [];
  let ledger: Loss[] = [];
  let lossNumber = 0;
  let recorded = 0;
  let lost = 0;
  const sums = { admitted: 0, duplicate: 0, rejected: 0 };
  const receipts: Receipt[] = [];
  const toSeal: BacklogEntry[] = [];
  const retractions: Retraction[] = [];
  const settled: (Retraction & { result: RetractionResult })[] = [];
  const rowsOf = (entries: readonly BacklogEntry[]) =>
    entries.reduce((sum, { sealed }) => sum + sealed.rows, 0);
  const backlog: ListedBacklog = {
    toSeal,
    settled,
    seals: 0,
    get waiting() {
      return waiting;
    },
    receipts,
    get ledger() {
      return ledger;
    },
    put(entry) {
      if (!epochs.includes(entry.epochId)) epochs.unshift(entry.epochId);
      lastSealed.set(entry.epochId, entry.sequence);
      waiting.push(entry);
      recorded += entry.sealed.rows;
    },
    async beginEpoch(epochId = NEXT_EPOCH) {
      current = epochId;
      epochs.push(epochId);
    },
    evict(sequence) {
      const gone = waiting.filter((one) => one.sequence === sequence);
      waiting = waiting.filter((one) => one.sequence !== sequence);
      const batches = { epochId: current, sequenceFrom: sequence, sequenceTo: sequence };
      const span = { fromMs: 0, toMs: 0, readings: 0, deviceId: undefined };
      const kind = { class: "lost", reason: "evicted-limit" } as const;
      backlog.recordLoss({ ...kind, ...span, snapshots: rowsOf(gone), batches });
    },
    record: () => undefined,
    flush: async () => undefined,
    async seal() {
      backlog.seals++;
      const sealed = toSeal.splice(0);
      for (const entry of sealed) backlog.put(entry);
      return sealed.length;
    },
    epochs: () =>
      epochs.map((epochId) => ({
        epochId,
        firstUnacked:
          waiting.find((one) => one.epochId === epochId)?.sequence ??
          (lastSealed.get(epochId) ?? 0) + 1,
        lastSealed: lastSealed.get(epochId) ?? 0,
        voids: [],
      })),
    streams: () => [DEVICE],
    async after(epochId, sequence, limit) {
      const kept = retractions.find((one) => one.epochId === epochId)?.sequence ?? Infinity;
      const mayGo = (one: BacklogEntry) =>
        one.epochId === epochId && one.sequence > sequence && one.sequence < kept;
      return waiting.filter(mayGo).slice(0, limit);
    },
    async acknowledge(receipt) {
      receipts.push(receipt);
      const isDecided = (one: BacklogEntry) =>
        one.epochId === receipt.epochId && one.sequence <= receipt.ackedThrough;
      const rows = rowsOf(waiting.filter(isDecided));
      waiting = waiting.filter((one) => !isDecided(one));
      const counted = receipt.admitted + receipt.duplicate + receipt.rejected;
      const admitted = Math.min(receipt.admitted, rows);
      const duplicate = counted === 0 ? rows : Math.min(receipt.duplicate, rows - admitted);
      const rejected = Math.min(receipt.rejected, rows - admitted - duplicate);
      sums.admitted += admitted;
      sums.duplicate += duplicate;
      sums.rejected += rejected;
      const snapshots = rows - admitted - duplicate - rejected;
      if (snapshots === 0) return;
      const span = { fromMs: 0, toMs: 0, readings: 0, deviceId: undefined, batches: undefined };
      backlog.recordLoss({ class: "lost", reason: "count-mismatch", ...span, snapshots });
    },
    recordLoss(loss) {
      ledger.push({ number: ++lossNumber, ...loss });
      if (loss.class === "lost") lost += loss.snapshots;
    },
    async retract({ epochId, sequence }, fate, detail) {
      retractions.push({ epochId, sequence, fate, detail, check: 0 });
      return true;
    },
    retractions: () => retractions,
    async settleRetraction({ sequence }, result) {
      const at = retractions.findIndex((one) => one.sequence === sequence);
      const [gone] = retractions.splice(at, 1);
      if (gone !== undefined) settled.push({ ...gone, result });
      waiting = waiting.filter((one) => one.sequence !== sequence);
    },
    deadLetters: () => [],
    readDeadLetter: async () => undefined,
    replayDeadLetters: async () => 0,
    dropDeadLetters: async () => 0,
    losses: async (number, limit) => ledger.filter((one) => one.number > number).slice(0, limit),
    async acknowledgeLosses(number) {
      ledger = ledger.filter((one) => one.number > number);
    },
    status() {
      const snapshots = rowsOf(waiting);
      const decided = sums.admitted + sums.duplicate + sums.rejected;
      return {
        epochId: current,
        mode: "durable",
        isSpaceLow: false,
        diskBytes: 0,
        limitBytes: 0,
        batches: waiting.length,
        snapshots,
        unsealed: 0,
        deadLetters: 0,
        deadSnapshots: 0,
        recorded,
        ...sums,
        lost,
        unaccounted: recorded - decided - snapshots - lost,
        commits: 0,
      };
    },
    onCommit: () => undefined,
    wipe: async () => undefined,
    close: async () => undefined,
  };
  return backlog;
}

/** A batch of two snapshots as the daemon seals them: codec 2, with a prior. Ends at `endMs`. */
export function rangedEntryOf(
  epochId: string,
  sequence: number,
  { endMs = Date.UTC(2026, 10, 1), first = 300 } = {},
): BacklogEntry {
  const rows = 2;
  const snapshots = Array.from({ length: rows }, (_, row) => {
    const takenAtMs = endMs - (rows - row) * DEVICE.stepMs;
    const value = (first + row) / 10;
    const readings = [{ metric: "temp_flow", value, quality: "good" as const }];
    return { deviceId: DEVICE.deviceId, takenAtMs, monotonicMs: 0, clockSynced: true, readings };
  });
  const [sealed] = sealSnapshots(snapshots, DEVICE, 2, { prior: KIND_PRIOR });
  if (sealed === undefined) throw new Error("nothing sealed");
  return { epochId, sequence, sealed };
}
