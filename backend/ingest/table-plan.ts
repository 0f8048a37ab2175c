/**
 * Channel tables made ready for admission: per channel the integers that the catalogue allows, so
 * that checking a cell is two comparisons.
 */
import { type Channel, type ChannelTable, laneCount } from "#core/batch/channel-table.js";
import type { Metric } from "#core/measurement/metrics.js";

/** Bounds of one channel in steps of its own resolution, both allowed. */
export interface ChannelBounds {
  readonly channel: Channel;
  /** First lane. */
  readonly lane: number;
  readonly minSteps: number;
  readonly maxSteps: number;
  /** The same in the metric's unit. */
  readonly min: number;
  readonly max: number;
}

/** A table and what admission needs of it. */
export interface TablePlan {
  readonly table: ChannelTable;
  readonly bounds: readonly ChannelBounds[];
  /** A metric that is not in the catalogue; then nothing of the table is admitted. */
  readonly unknownMetric: string | undefined;
  /** Whether the store has it. */
  isStored: boolean;
}

/** Looks a metric up; the catalogue of `core/measurement`. */
export type FindMetric = (id: string) => Metric | undefined;

/** Slack for `max * 10^d / m` of decimal fractions that binary numbers do not have. */
const ROUNDING = 1e-6;

/** Plans a table. */
export function planTable(table: ChannelTable, findMetric: FindMetric): TablePlan {
  const bounds: ChannelBounds[] = [];
  let unknownMetric: string | undefined;
  let lane = 0;
  for (const channel of table.channels) {
    const metric = findMetric(channel.metric);
    if (metric === undefined) unknownMetric ??= channel.metric;
    else bounds.push(boundsOf(channel, lane, metric));
    lane += laneCount(channel.encoding);
  }
  return { table, bounds, unknownMetric, isStored: false };
}

function boundsOf(channel: Channel, lane: number, { min, max }: Metric): ChannelBounds {
  const steps = 10 ** channel.decimals / channel.multiplier;
  const minSteps = Math.ceil(min * steps - ROUNDING);
  const maxSteps = Math.floor(max * steps + ROUNDING);
  return { channel, lane, minSteps, maxSteps, min, max };
}
