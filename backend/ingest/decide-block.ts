/**
 * What becomes of one block: decoded, checked, and ready to be stored, or refused with its reason.
 * Nothing here is kept; the caller writes what comes out.
 */
import { decodeBlock, encodeBlock } from "#core/batch/block.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import { digestCheck } from "#core/batch/digest.js";
import { BLOCK_BYTES_MAX, isCodec, ROWS_MAX } from "#core/batch/limits.js";
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
  /** `undefined`: nothing is admitted. */
  readonly admitted: AdmittedBlock | undefined;
  readonly rejected: number;
  readonly outcomes: readonly Outcome[];
}

/** Tables whose buffers are kept at hand. */
const BUFFERS_MAX = 16;

const DAY_MS = 86_400_000;

/**
 * Decides blocks one after the other, in the same buffers.
 *
 * @param keptFromMs what was measured before it is not kept, whatever daemons may still hold
 */
export function createBlockDecider(
  keptFromMs: (nowMs: number) => number,
): (
  incoming: IncomingBatch,
  device: DeclaredDevice,
  plan: TablePlan,
  nowMs: number,
) => BlockDecision {
  const buffers = new Map<TablePlan, Columns>();
  return (incoming, device, plan, nowMs) => {
    const refusal = refuseUnread(incoming, plan);
    if (refusal !== undefined) return refusal;
    const columns = takeBuffer(buffers, plan);
    const facts = { ...incoming, stepMs: device.stepMs };
    let digest: Uint8Array;
    try {
      ({ digest } = decodeBlock(facts, plan.table, columns));
    } catch (cause) {
      return refuseFault(incoming, cause);
    }
    if (digestCheck(digest) !== incoming.check) {
      const detail = `content has check ${digestCheck(digest)}, declared is ${incoming.check}`;
      return refuseAll(incoming, "DIGEST_MISMATCH", detail);
    }
    const toAdmit = { incoming, device, plan, nowMs, keptFromMs: keptFromMs(nowMs) };
    return admitRows(toAdmit, columns, digest);
  };
}

interface BlockFacts {
  readonly incoming: IncomingBatch;
  readonly device: DeclaredDevice;
  readonly plan: TablePlan;
  readonly nowMs: number;
  readonly keptFromMs: number;
}

function admitRows(facts: BlockFacts, columns: Columns, digest: Uint8Array): BlockDecision {
  const { incoming, device, plan, nowMs, keptFromMs } = facts;
  const { refused, outcomes, times, firstMs, lastMs } = admit(columns, plan, { nowMs, keptFromMs });
  const rejected = outcomes.reduce((sum, one) => sum + one.snapshots, 0);
  if (rejected === columns.rows) return { admitted: undefined, rejected, outcomes };
  const { deviceId, stepMs } = device;
  const common = { deviceId, tableId: plan.table.id, stepMs, codec: incoming.codec };
  if (refused === undefined) {
    const { slot, rows, block } = incoming;
    // The wire does not repeat what a block of codec 0 shows by its length.
    const plainBytes = incoming.codec === 0 ? block.length : incoming.plainBytes;
    const readings = countReadings(columns);
    const batch = { ...common, slot, rows, readings, plainBytes, digest, block };
    const days = listDays(times, rows);
    return { admitted: { batch, digest, firstMs, lastMs, days, columns }, rejected, outcomes };
  }
  const kept = times.subarray(0, columns.rows).filter((_, row) => refused[row] !== 1);
  const rows = keepRows(columns, plan.table, refused);
  const encoded = encodeBlock(columns, plan.table, incoming.codec);
  const readings = countReadings(columns);
  const batch = { ...common, slot: columns.slot, rows, readings, ...encoded };
  const span = { firstMs: kept[0] ?? firstMs, lastMs: kept[rows - 1] ?? lastMs };
  const days = listDays(kept, rows);
  return { admitted: { batch, digest, ...span, days, columns }, rejected, outcomes };
}

/** What can be refused without decoding. */
function refuseUnread(incoming: IncomingBatch, plan: TablePlan): BlockDecision | undefined {
  const { rows, codec, block } = incoming;
  if (plan.unknownMetric !== undefined) {
    return refuseAll(incoming, "UNKNOWN_METRIC", `${plan.unknownMetric}: not in the catalogue`);
  }
  if (!isCodec(codec)) return refuseAll(incoming, "CODEC_UNKNOWN", `codec ${codec}`);
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
  return { admitted: undefined, rejected: snapshots, outcomes: [{ reason, snapshots, detail }] };
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
