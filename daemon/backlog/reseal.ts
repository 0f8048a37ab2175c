/**
 * The rows of sealed batches, sealed anew: in halves because a batch does not fit, or fewer of them
 * because space is short. A row keeps its time and its values; nothing here is numbered or stored.
 */
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { DeviceStream } from "./backlog.js";
import type { WaitingBatch } from "./batch-index.js";
import { type PlannedBatch, type SealingRules, sealRows } from "./sealing.js";

/** Every so many-th row stays. */
export const THIN_KEEP_EVERY = 2;
/** Rows further apart than this are not thinned any more. */
const THIN_SPACING_MS_MAX = 3_600_000;

/** Rows of one sealed batch; `undefined`: its content is not what was sealed. */
export function rowsOf(sealed: SealedBatch, stream: DeviceStream): Snapshot[] | undefined {
  try {
    const { table, deviceId } = stream;
    return [...readRows(openSealed(sealed, table), table)].map(({ atMs, values }) => ({
      deviceId,
      takenAtMs: atMs,
      monotonicMs: 0,
      clockSynced: true,
      readings: [...values].map(([metric, value]) => ({ metric, value, quality: "good" })),
    }));
  } catch (error) {
    if (error instanceof HeatpoolError) return undefined;
    throw error;
  }
}

/** A batch in two; `undefined`: it has one row, or is damaged. */
export function halve(
  sealed: SealedBatch,
  stream: DeviceStream,
  rules: SealingRules,
): PlannedBatch[] | undefined {
  const rows = rowsOf(sealed, stream);
  if (rows === undefined || rows.length < 2) return undefined;
  const middle = rows.length >> 1;
  return [rows.slice(0, middle), rows.slice(middle)].flatMap((half) =>
    sealRows(half, stream, rules),
  );
}

/** Whether rows of a batch may still go without leaving more than an hour between two. */
function mayThin(batch: { rows: number; fromMs: number; toMs: number }): boolean {
  if (batch.rows < THIN_KEEP_EVERY) return false;
  const spacingMs = (batch.toMs - batch.fromMs) / (batch.rows - 1);
  return spacingMs * THIN_KEEP_EVERY <= THIN_SPACING_MS_MAX;
}

/** Rows that are thinned at a time: what they need in memory stays at some megabytes. */
const THIN_ROWS_MAX = 720;

/** The next batches to be thinned together: the oldest that may be, of one stream. */
export function planThinning(candidates: Iterable<WaitingBatch>): readonly WaitingBatch[] {
  const group: WaitingBatch[] = [];
  let rows = 0;
  for (const batch of candidates) {
    if (!mayThin(batch)) continue;
    const [first = batch] = group;
    if (batch.streamKey !== first.streamKey) continue;
    if (group.length > 0 && rows + batch.rows > THIN_ROWS_MAX) break;
    group.push(batch);
    rows += batch.rows;
  }
  return group;
}
