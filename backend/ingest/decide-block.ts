/**
 * What becomes of one block: decoded, checked, and ready to be stored, or refused with its reason.
 * Nothing here is kept; the caller writes what comes out.
 */
import { decodeBlock, encodeBlock } from "#core/batch/block.js";
import type { BlockClaims } from "#core/batch/block-checks.js";
import { type Chain, type DecodedLink, decodeFirstLink, decodeLink } from "#core/batch/chain.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import { digestCheck } from "#core/batch/digest.js";
import { BLOCK_BYTES_MAX, isCodec, ROWS_MAX } from "#core/batch/limits.js";
import { NO_PRIOR } from "#core/batch/prior.js";
import { isPrior, KIND_PRIOR } from "#core/batch/priors/released.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { HeatpoolError } from "#core/errors.js";
import { admit, type Outcome } from "./admit.js";
import type { DeclaredDevice, IncomingBatch, Rejection } from "./ingest.js";
import { keepRows } from "./keep-rows.js";
import type { TablePlan } from "./table-plan.js";

/** A block's rows as they may be stored. */
export interface AdmittedBlock {
  readonly batch: SealedBatch;
  /** Digest of what came, under which a repeat is known. */
  readonly digest: Uint8Array;
  readonly firstMs: number;
  readonly lastMs: number;
  /** UTC days with data, rising. */
  readonly days: readonly number[];
  /** The admitted rows; valid until the next block is decided. */
  readonly columns: Columns;
}

/** Verdict on one block. */
export interface BlockDecision {
  /** The batch as it can be read alone: what continued another block is coded anew. */
  readonly incoming: IncomingBatch;
  /** State that the device's next block may continue; `undefined`: as before. */
  readonly chain?: Chain;
  /** `undefined`: nothing is admitted. */
  readonly admitted: AdmittedBlock | undefined;
  readonly rejected: number;
  readonly outcomes: readonly Outcome[];
}

/** Tables whose buffers are kept at hand. */
const BUFFERS_MAX = 16;

const DAY_MS = 86_400_000;

/**
 * Decides a block, in the same buffers as the one before it.
 *
 * @throws HeatpoolError `CHAIN_LOST` a block continues another, and the state for it is not here or
 *   not the right one; nothing is decided
 */
export type DecideBlock = (
  incoming: IncomingBatch,
  device: DeclaredDevice,
  plan: TablePlan,
  nowMs: number,
  /** After the device's block before this one; not to be used again. */
  chain?: Chain,
) => BlockDecision;

/** Retention counts in months: a limit that is a minute old is as good, and free. */
const LIMIT_MS = 60_000;

/** @param keptFromMs what was measured before it is not kept, whatever daemons may still hold */
export function createBlockDecider(keptFromMs: (nowMs: number) => number): DecideBlock {
  const buffers = new Map<TablePlan, Columns>();
  let limit = { atMs: Number.NaN, fromMs: 0 };
  return (incoming, device, plan, nowMs, chain) => {
    const refusal = refuseUnread(incoming, plan);
    if (refusal !== undefined) return refusal;
    const columns = takeBuffer(buffers, plan);
    const read =
      incoming.continues === true
        ? continueBlock(incoming, device, plan, columns, chain)
        : readAlone(incoming, device, plan, columns, chain);
    if ("outcomes" in read) return read;
    const isFresh = Math.abs(nowMs - limit.atMs) < LIMIT_MS;
    if (!isFresh) limit = { atMs: nowMs, fromMs: keptFromMs(nowMs) };
    const facts = { ...read, device, plan, nowMs, keptFromMs: limit.fromMs };
    const decision = admitRows(facts, columns, read.digest);
    return read.chain === undefined ? decision : { ...decision, chain: read.chain };
  };
}

/** A batch that was read: self-contained, its slot known. */
interface ReadBatch {
  readonly incoming: IncomingBatch & { readonly slot: number };
  readonly digest: Uint8Array;
  readonly chain?: Chain;
}

function readAlone(
  incoming: IncomingBatch,
  device: DeclaredDevice,
  { table }: TablePlan,
  columns: Columns,
  over: Chain | undefined,
): ReadBatch | BlockDecision {
  const { slot, check } = incoming;
  if (slot === undefined) return refuseAll(incoming, "MALFORMED", "no slot");
  const facts = { ...incoming, slot, stepMs: device.stepMs };
  const mayGoOn = incoming.codec === 2 && incoming.backlog !== true;
  let read: { readonly digest: Uint8Array; readonly chain?: Chain };
  try {
    read = mayGoOn
      ? decodeFirstLink(facts, table, columns, over)
      : decodeBlock(facts, table, columns);
  } catch (cause) {
    return refuseFault(incoming, cause);
  }
  if (digestCheck(read.digest) !== check) {
    const detail = `content has check ${digestCheck(read.digest)}, declared is ${check}`;
    return refuseAll(incoming, "DIGEST_MISMATCH", detail);
  }
  return { ...read, incoming: facts };
}

/**
 * Whatever is wrong with a block that continues another may be wrong with the state, so it is never
 * refused: it is asked for again, self-contained.
 */
function continueBlock(
  incoming: IncomingBatch,
  device: DeclaredDevice,
  { table }: TablePlan,
  columns: Columns,
  chain: Chain | undefined,
): ReadBatch {
  if (chain === undefined) throw lost(incoming, "no state");
  const slot = incoming.slot ?? chain.nextSlot;
  const facts = { ...incoming, slot, stepMs: device.stepMs };
  const read = tryLink(facts, table, columns, chain);
  if (digestCheck(read.digest) !== incoming.check)
    throw lost(incoming, "content has another check");
  // Coded anew, every block that is stored or kept can be read and erased alone.
  const { block, plainBytes } = encodeBlock(columns, table, 2, KIND_PRIOR);
  const alone = { ...facts, continues: false, prior: KIND_PRIOR, block, plainBytes };
  return { ...read, incoming: alone };
}

function tryLink(
  facts: BlockClaims & IncomingBatch,
  table: ChannelTable,
  columns: Columns,
  chain: Chain,
): DecodedLink {
  try {
    return decodeLink(facts, table, columns, chain);
  } catch (cause) {
    if (cause instanceof HeatpoolError) throw lost(facts, cause.message);
    throw cause;
  }
}

function lost({ sequence }: IncomingBatch, why: string): HeatpoolError {
  return new HeatpoolError("CHAIN_LOST", `batch ${sequence} continues another: ${why}`);
}

interface BlockFacts {
  readonly incoming: ReadBatch["incoming"];
  readonly device: DeclaredDevice;
  readonly plan: TablePlan;
  readonly nowMs: number;
  readonly keptFromMs: number;
}

function admitRows(facts: BlockFacts, columns: Columns, digest: Uint8Array): BlockDecision {
  const { incoming, device, plan, nowMs, keptFromMs } = facts;
  const { refused, outcomes, times, firstMs, lastMs } = admit(columns, plan, { nowMs, keptFromMs });
  const rejected = outcomes.reduce((sum, one) => sum + one.snapshots, 0);
  if (rejected === columns.rows) return { incoming, admitted: undefined, rejected, outcomes };
  const { deviceId, stepMs } = device;
  const { codec, prior = NO_PRIOR } = incoming;
  const start = codec === 2 && prior !== NO_PRIOR ? { prior } : {};
  const common = { deviceId, tableId: plan.table.id, stepMs, codec, ...start };
  if (refused === undefined) {
    const { slot, rows, block } = incoming;
    // The wire does not repeat what a block of codec 0 shows by its length.
    const plainBytes = codec === 0 ? block.length : incoming.plainBytes;
    const readings = countReadings(columns);
    const batch = { ...common, slot, rows, readings, plainBytes, digest, block };
    const days = listDays(times, rows);
    const admitted = { batch, digest, firstMs, lastMs, days, columns };
    return { incoming, admitted, rejected, outcomes };
  }
  const kept = times.subarray(0, columns.rows).filter((_, row) => refused[row] !== 1);
  const rows = keepRows(columns, plan.table, refused);
  const encoded = encodeBlock(columns, plan.table, codec, prior);
  const readings = countReadings(columns);
  const batch = { ...common, slot: columns.slot, rows, readings, ...encoded };
  const span = { firstMs: kept[0] ?? firstMs, lastMs: kept[rows - 1] ?? lastMs };
  const days = listDays(kept, rows);
  const admitted = { batch, digest, ...span, days, columns };
  return { incoming, admitted, rejected, outcomes };
}

/** What can be refused without decoding. */
function refuseUnread(incoming: IncomingBatch, plan: TablePlan): BlockDecision | undefined {
  const { rows, codec, block, prior = NO_PRIOR } = incoming;
  if (plan.unknownMetric !== undefined) {
    return refuseAll(incoming, "UNKNOWN_METRIC", `${plan.unknownMetric}: not in the catalogue`);
  }
  if (!isCodec(codec)) return refuseAll(incoming, "CODEC_UNKNOWN", `codec ${codec}`);
  if (codec === 2 && !isPrior(prior)) {
    return refuseAll(incoming, "CODEC_UNKNOWN", `prior ${prior.toString(16)}`);
  }
  if (rows > ROWS_MAX) return refuseAll(incoming, "TOO_LARGE", `${rows} rows, at most ${ROWS_MAX}`);
  if (block.length > BLOCK_BYTES_MAX) {
    return refuseAll(incoming, "TOO_LARGE", `${block.length} bytes, at most ${BLOCK_BYTES_MAX}`);
  }
  return undefined;
}

function refuseFault(incoming: IncomingBatch, cause: unknown): BlockDecision {
  if (!(cause instanceof HeatpoolError)) throw cause;
  const reason: Rejection = cause.code === "BATCH_TOO_LARGE" ? "TOO_LARGE" : "MALFORMED";
  return refuseAll(incoming, reason, cause.message);
}

/** Refuses a whole batch: it is decided, and acked, all the same. */
export function refuseAll(
  incoming: IncomingBatch,
  reason: Rejection,
  detail: string,
): BlockDecision {
  // Of what cannot be read only the claim is known; a claim may be anything.
  const snapshots = Math.min(Math.max(0, incoming.rows), ROWS_MAX);
  const outcomes = [{ reason, snapshots, detail }];
  return { incoming, admitted: undefined, rejected: snapshots, outcomes };
}

/** Buffers of the tables used last; a fleet has few tables, an attacker many. */
function takeBuffer(buffers: Map<TablePlan, Columns>, plan: TablePlan): Columns {
  const columns = buffers.get(plan) ?? createColumns(plan.table);
  buffers.delete(plan);
  buffers.set(plan, columns);
  const [oldest] = buffers.keys();
  if (buffers.size > BUFFERS_MAX && oldest !== undefined) buffers.delete(oldest);
  return columns;
}

function countReadings({ counts }: Columns): number {
  let sum = 0;
  for (let c = 0; c < counts.length; c++) sum += counts[c] as number;
  return sum;
}

function listDays(times: Float64Array, rows: number): number[] {
  const days: number[] = [];
  let nextMs = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rows; row++) {
    const timeMs = times[row] as number;
    if (timeMs < nextMs) continue;
    const day = Math.floor(timeMs / DAY_MS);
    days.push(day);
    nextMs = (day + 1) * DAY_MS;
  }
  return days;
}
