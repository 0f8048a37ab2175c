/**
 * Rows to blocks and back. No block crosses a full hour of UTC, so that what lies within a range of
 * time begins at most an hour before it.
 */
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { openSealed } from "#core/batch/batch-reader.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { isPresent, readTimes } from "#core/batch/columns.js";
import { timeToleranceOf } from "#core/batch/limits.js";
import { priorOfProfile } from "#core/batch/priors/released.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { listChannelLanes, readValue } from "#core/batch/value-lanes.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { HistoryRow, HistoryStream } from "./history.js";

export const HOUR_MS = 3_600_000;
/** A block's first row may be stamped this much before its hour. */
export const STAMP_MAX_MS = 1_000;
/** A block of a few minutes or an hour; adapts to the house while it is read. */
const CODEC = 2;

/** A block and when its first row was taken. */
export interface TimedBlock {
  readonly fromMs: number;
  readonly sealed: SealedBatch;
}

export function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS);
}

/** Blocks of snapshots that come by time. */
export function sealHours(
  snapshots: readonly Snapshot[],
  stream: HistoryStream,
): readonly TimedBlock[] {
  const timeToleranceMs = timeToleranceOf(stream.stepMs);
  const rules = { timeToleranceMs, prior: priorOfProfile(stream.profile) };
  return splitHours(snapshots).flatMap((hour) => {
    let next = 0;
    return sealSnapshots(hour, stream, CODEC, rules).map((sealed) => {
      const fromMs = hour[next]?.takenAtMs ?? 0;
      next += sealed.rows;
      return { fromMs, sealed };
    });
  });
}

function splitHours(snapshots: readonly Snapshot[]): readonly (readonly Snapshot[])[] {
  const hours: Snapshot[][] = [];
  let hour: number | undefined;
  for (const snapshot of snapshots) {
    const mine = hourOf(snapshot.takenAtMs);
    if (mine === hour) hours.at(-1)?.push(snapshot);
    else hours.push([snapshot]);
    hour = mine;
  }
  return hours;
}

/**
 * @param wanted left out: every metric
 * @throws HeatpoolError `BATCH_MALFORMED`, `DIGEST_MISMATCH`
 */
export function openRows(
  sealed: SealedBatch,
  table: ChannelTable,
  wanted: ReadonlySet<string> | undefined,
): readonly HistoryRow[] {
  const columns = openSealed(sealed, table);
  const times = new Float64Array(columns.rows);
  readTimes(columns, times);
  const lanes = listChannelLanes(columns, table);
  const chosen = table.channels.flatMap((channel, c) => {
    const cells = lanes[c];
    const isWanted = wanted === undefined || wanted.has(channel.metric);
    return cells === undefined || !isWanted ? [] : [{ channel, c, cells }];
  });
  return Array.from(times, (atMs, row) => {
    const values = new Map<string, number>();
    for (const { channel, c, cells } of chosen) {
      if (isPresent(columns, c, row)) values.set(channel.metric, readValue(cells, row, channel));
    }
    return { atMs, values };
  });
}

/** A row as a snapshot, to be sealed anew. */
export function toSnapshot(deviceId: string, { atMs, values }: HistoryRow): Snapshot {
  return {
    deviceId,
    takenAtMs: atMs,
    monotonicMs: 0,
    clockSynced: true,
    readings: Array.from(values, ([metric, value]) => ({ metric, value, quality: "good" })),
  };
}
