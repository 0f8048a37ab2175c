/**
 * Records at rest: sealed batches, journal blocks, loss entries and channel tables as the messages
 * of `proto/heatpool/storage/v1`, so that old stores stay readable.
 *
 * Reading a record checks its shape, not its content: `openSealed` proves the content by its
 * digest. Checksums over key and value are the store's.
 */
import { HeatpoolError } from "#core/errors.js";
import { formatUuid, parseUuid } from "#core/uuid.js";
import {
  JournalBlock as JournalBlockMessage,
  LossEntry as LossEntryMessage,
  SealedBatch as SealedBatchMessage,
} from "#proto/heatpool/storage/v1/storage.js";
import { ChannelTable as ChannelTableMessage } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { ChannelTable } from "./channel-table.js";
import { DIGEST_BYTES } from "./digest.js";
import { BLOCK_FORMAT, ROWS_MAX } from "./limits.js";
import { fromBuffer, parseMessage, toBuffer, toNumber } from "./message.js";
import { NO_PRIOR } from "./prior.js";
import type { SealedBatch } from "./sealed-batch.js";
import { fromWireTable, type MetricFilter, toWireTable } from "./wire-batch.js";

/** Committed rows that are not sealed yet. */
export interface JournalBlock {
  /** Random id of the boot that took the rows, 16 bytes. */
  readonly bootId: Uint8Array;
  /** Monotonic time of the first row, milliseconds since that boot. */
  readonly firstMonotonicMs: number;
  readonly clockSynced: boolean;
  readonly rows: SealedBatch;
}

/** What was not delivered, and why. The backlog's `Loss` has this shape. */
export interface LossEntry {
  /** Counts from 1. */
  readonly number: number;
  readonly class: "not-collected" | "lost";
  readonly reason: string;
  /** `undefined`: all devices. */
  readonly deviceId: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly snapshots: number;
  /** 0 when not known. */
  readonly readings: number;
  /** Batches that will never come. */
  readonly batches: { epochId: string; sequenceFrom: number; sequenceTo: number } | undefined;
}

/** A batch in the backend's store. */
export interface StoredBatch {
  readonly sealed: SealedBatch;
  readonly receivedAtMs: number;
}

/** Bytes of a channel table's id. */
const TABLE_ID_BYTES = 8;
const BOOT_ID_BYTES = 16;

/** @param receivedAtMs when the backend stored it; 0 in a backlog */
export function encodeSealedBatch(sealed: SealedBatch, receivedAtMs = 0): Uint8Array {
  return SealedBatchMessage.encode(toMessage(sealed, receivedAtMs)).finish();
}

/** @throws HeatpoolError `BATCH_MALFORMED` */
export function decodeSealedBatch(bytes: Uint8Array): SealedBatch {
  return decodeStoredBatch(bytes).sealed;
}

/** @throws HeatpoolError `BATCH_MALFORMED` */
export function decodeStoredBatch(bytes: Uint8Array): StoredBatch {
  const message = parseMessage(SealedBatchMessage, bytes, "sealed batch");
  const receivedAtMs = toNumber(message.receivedAtMs, "received_at_ms");
  return { sealed: fromMessage(message), receivedAtMs };
}

/** A journal record. */
export function encodeJournalBlock(block: JournalBlock): Uint8Array {
  const message: JournalBlockMessage = {
    bootId: toBuffer(block.bootId),
    firstMonotonicMs: BigInt(Math.round(block.firstMonotonicMs)),
    clockSynced: block.clockSynced,
    rows: toMessage(block.rows, 0),
  };
  return JournalBlockMessage.encode(message).finish();
}

/** @throws HeatpoolError `BATCH_MALFORMED` */
export function decodeJournalBlock(bytes: Uint8Array): JournalBlock {
  const message = parseMessage(JournalBlockMessage, bytes, "journal block");
  if (message.rows === undefined) throw wrongRecord("journal block without rows");
  if (message.bootId.length !== BOOT_ID_BYTES) {
    throw wrongRecord(`boot id of ${message.bootId.length} bytes`);
  }
  return {
    bootId: fromBuffer(message.bootId),
    firstMonotonicMs: toNumber(message.firstMonotonicMs, "first_monotonic_ms"),
    clockSynced: message.clockSynced,
    rows: fromMessage(message.rows),
  };
}

/** A loss ledger record. */
export function encodeLossEntry(loss: LossEntry): Uint8Array {
  const { batches } = loss;
  const message: LossEntryMessage = {
    number: BigInt(loss.number),
    class: loss.class,
    reason: loss.reason,
    deviceId: loss.deviceId ?? "",
    fromMs: BigInt(Math.round(loss.fromMs)),
    toMs: BigInt(Math.round(loss.toMs)),
    snapshots: BigInt(loss.snapshots),
    readings: BigInt(loss.readings),
    epochId: batches === undefined ? Buffer.alloc(0) : encodeEpochId(batches.epochId),
    sequenceFrom: BigInt(batches?.sequenceFrom ?? 0),
    sequenceTo: BigInt(batches?.sequenceTo ?? 0),
  };
  return LossEntryMessage.encode(message).finish();
}

/** @throws HeatpoolError `BATCH_MALFORMED` */
export function decodeLossEntry(bytes: Uint8Array): LossEntry {
  const message = parseMessage(LossEntryMessage, bytes, "loss entry");
  if (message.class !== "not-collected" && message.class !== "lost") {
    throw wrongRecord(`loss entry of class ${JSON.stringify(message.class)}`);
  }
  if (message.reason === "") throw wrongRecord("loss entry without reason");
  return {
    number: toNumber(message.number, "number"),
    class: message.class,
    reason: message.reason,
    deviceId: message.deviceId === "" ? undefined : message.deviceId,
    fromMs: toNumber(message.fromMs, "from_ms"),
    toMs: toNumber(message.toMs, "to_ms"),
    snapshots: toNumber(message.snapshots, "snapshots"),
    readings: toNumber(message.readings, "readings"),
    batches: readBatches(message),
  };
}

/** A channel table record. */
export function encodeChannelTable(table: ChannelTable): Uint8Array {
  return ChannelTableMessage.encode(toWireTable(table)).finish();
}

/** @throws HeatpoolError `INVALID_ARGUMENT`, as `fromWireTable` */
export function decodeChannelTable(bytes: Uint8Array, isKnown?: MetricFilter): ChannelTable {
  const message = parseMessage(ChannelTableMessage, bytes, "channel table", "INVALID_ARGUMENT");
  return fromWireTable(message, isKnown);
}

function toMessage(sealed: SealedBatch, receivedAtMs: number): SealedBatchMessage {
  return {
    format: BLOCK_FORMAT,
    tableId: toBuffer(sealed.tableId),
    stepMs: sealed.stepMs,
    slot: BigInt(sealed.slot),
    rows: sealed.rows,
    readings: sealed.readings,
    codec: sealed.codec,
    plainBytes: sealed.plainBytes,
    digest: toBuffer(sealed.digest),
    deviceId: sealed.deviceId,
    receivedAtMs: BigInt(Math.round(receivedAtMs)),
    block: toBuffer(sealed.block),
    prior: sealed.prior ?? NO_PRIOR,
  };
}

function fromMessage(message: SealedBatchMessage): SealedBatch {
  const { format, tableId, digest, rows } = message;
  if (format !== BLOCK_FORMAT) throw wrongRecord(`block format ${format} is not known`);
  if (tableId.length !== TABLE_ID_BYTES) throw wrongRecord(`table id of ${tableId.length} bytes`);
  if (digest.length !== DIGEST_BYTES) throw wrongRecord(`digest of ${digest.length} bytes`);
  if (rows < 1 || rows > ROWS_MAX) throw wrongRecord(`sealed batch of ${rows} rows`);
  return {
    deviceId: message.deviceId,
    tableId: fromBuffer(tableId),
    stepMs: message.stepMs,
    slot: toNumber(message.slot, "slot"),
    rows,
    readings: message.readings,
    codec: message.codec,
    ...(message.prior === NO_PRIOR ? {} : { prior: message.prior }),
    plainBytes: message.plainBytes,
    digest: fromBuffer(digest),
    block: fromBuffer(message.block),
  };
}

function encodeEpochId(epochId: string): Buffer {
  const bytes = parseUuid(epochId);
  if (bytes === undefined) throw wrongRecord(`epoch id ${JSON.stringify(epochId)} is no UUID`);
  return toBuffer(bytes);
}

function readBatches(message: LossEntryMessage): LossEntry["batches"] {
  if (message.epochId.length === 0) return undefined;
  const epochId = formatUuid(message.epochId);
  if (epochId === undefined) throw wrongRecord(`epoch id of ${message.epochId.length} bytes`);
  return {
    epochId,
    sequenceFrom: toNumber(message.sequenceFrom, "sequence_from"),
    sequenceTo: toNumber(message.sequenceTo, "sequence_to"),
  };
}

function wrongRecord(what: string): HeatpoolError {
  return new HeatpoolError("BATCH_MALFORMED", what);
}
