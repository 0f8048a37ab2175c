/**
 * What one block adds to the rollups: per community metric and hour a count, a sum and the bounds.
 *
 * It is computed while the decoded columns are at hand and applied after the commit returned, so
 * that rollups never hold what the store does not. The loops walk lanes of integers, an hour at a
 * time; scaling to the metric's unit happens once per hour.
 */
import type { Channel, ChannelTable } from "#core/batch/channel-table.js";
import { type Columns, readTimes } from "#core/batch/columns.js";
import { listChannelLanes, readValue } from "#core/batch/value-lanes.js";

/** Milliseconds of an hour. */
export const HOUR_MS = 3_600_000;

/** Numbers per entry of a part: metric, hour, count, sum, min, max. */
export const PART_STRIDE = 6;

/** Entries of one block, `PART_STRIDE` numbers each. */
export type RollupPart = Float64Array;

/** A channel of a table that is a community metric. */
interface Source {
  readonly metric: number;
  readonly channelIndex: number;
  readonly channel: Channel;
}

/** Computes parts; plans each table once. */
export interface PartBuilder {
  build(columns: Columns, table: ChannelTable): RollupPart;
}

/** @param metrics ids in the order of the rollups */
export function createPartBuilder(metrics: readonly string[]): PartBuilder {
  const plans = new WeakMap<ChannelTable, readonly Source[]>();
  let times = new Float64Array(0);
  const runs: HourRun[] = [];
  return {
    build(columns, table) {
      const sources = plans.get(table) ?? planSources(table, metrics);
      plans.set(table, sources);
      if (times.length < columns.rows) times = new Float64Array(columns.rows);
      readTimes(columns, times);
      const hours = splitHours(times, columns.rows, runs);
      const part = new Float64Array(sources.length * hours * PART_STRIDE);
      let at = 0;
      for (const source of sources) {
        for (let k = 0; k < hours; k++) at = addRun(part, at, columns, table, source, runs[k]);
      }
      return at === part.length ? part : part.slice(0, at);
    },
  };
}

function planSources(table: ChannelTable, metrics: readonly string[]): Source[] {
  return table.channels.flatMap((channel, channelIndex) => {
    const metric = metrics.indexOf(channel.metric);
    return metric < 0 ? [] : [{ metric, channelIndex, channel }];
  });
}

/** Rows `from` (included) to `to` (excluded) of one hour. */
interface HourRun {
  hour: number;
  from: number;
  to: number;
}

/** Cuts rising times into hours, written to the beginning of `runs`. Returns their number. */
function splitHours(times: Float64Array, rows: number, runs: HourRun[]): number {
  let count = 0;
  let from = 0;
  while (from < rows) {
    const hour = Math.floor((times[from] as number) / HOUR_MS);
    const endMs = (hour + 1) * HOUR_MS;
    let to = from + 1;
    while (to < rows && (times[to] as number) < endMs) to++;
    runs[count++] = { hour, from, to };
    from = to;
  }
  return count;
}

function addRun(
  part: Float64Array,
  at: number,
  columns: Columns,
  table: ChannelTable,
  source: Source,
  run: HourRun | undefined,
): number {
  const counts = columns.counts[source.channelIndex];
  if (run === undefined || counts === 0) return at;
  const isWhole = counts === columns.rows;
  const { encoding } = source.channel;
  if (encoding !== "int") return addValues(part, at, columns, table, source, run);
  const lane = columns.lanes[table.laneStarts[source.channelIndex] ?? -1] as Int32Array;
  const present = columns.present[source.channelIndex] as Uint8Array;
  let sum = 0;
  let count = 0;
  let min = 0x7fffffff;
  let max = -0x80000000;
  for (let row = run.from; row < run.to; row++) {
    if (!isWhole && present[row] !== 1) continue;
    const q = lane[row] as number;
    sum += q;
    if (q < min) min = q;
    if (q > max) max = q;
    count++;
  }
  if (count === 0) return at;
  const { multiplier, decimals } = source.channel;
  const unit = 10 ** decimals;
  part[at] = source.metric;
  part[at + 1] = run.hour;
  part[at + 2] = count;
  part[at + 3] = (sum * multiplier) / unit;
  part[at + 4] = (min * multiplier) / unit;
  part[at + 5] = (max * multiplier) / unit;
  return at + PART_STRIDE;
}

/** The plain way, for encodings that are rare among community metrics. */
function addValues(
  part: Float64Array,
  at: number,
  columns: Columns,
  table: ChannelTable,
  source: Source,
  run: HourRun,
): number {
  const lanes = listChannelLanes(columns, table)[source.channelIndex];
  const present = columns.present[source.channelIndex];
  const isWhole = columns.counts[source.channelIndex] === columns.rows;
  if (lanes === undefined || present === undefined) return at;
  let [sum, count, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = run.from; row < run.to; row++) {
    if (!isWhole && present[row] !== 1) continue;
    const value = readValue(lanes, row, source.channel);
    if (!Number.isFinite(value)) continue;
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
    count++;
  }
  if (count === 0) return at;
  part.set([source.metric, run.hour, count, sum, min, max], at);
  return at + PART_STRIDE;
}
