/**
 * Many values to few: least, mean, greatest and last of each stretch of time. A chart of a week has
 * a thousand points, whatever the poll interval. Pure.
 */
import type { Bucket, HistoryRow, TimeRange } from "./history.js";

interface Sum {
  min: number;
  max: number;
  sum: number;
  last: number;
  count: number;
}

/** Sums rows up; rows arrive by time. */
export function createBuckets(metrics: readonly string[], range: TimeRange, count: number) {
  const widthMs = Math.max(1, (range.toMs - range.fromMs) / Math.max(1, Math.floor(count)));
  const sums = new Map(metrics.map((metric) => [metric, new Map<number, Sum>()]));
  return {
    add({ atMs, values }: HistoryRow): void {
      const index = Math.floor((atMs - range.fromMs) / widthMs);
      for (const [metric, value] of values) {
        const mine = sums.get(metric);
        if (mine === undefined) continue;
        const sum = mine.get(index);
        if (sum === undefined) {
          mine.set(index, { min: value, max: value, sum: value, last: value, count: 1 });
        } else addTo(sum, value);
      }
    },
    finish(): ReadonlyMap<string, readonly Bucket[]> {
      const toBucket = ([index, { sum, ...rest }]: [number, Sum]): Bucket => ({
        ...rest,
        fromMs: Math.round(range.fromMs + index * widthMs),
        mean: sum / rest.count,
      });
      return new Map([...sums].map(([metric, mine]) => [metric, [...mine].map(toBucket)]));
    },
  };
}

function addTo(sum: Sum, value: number): void {
  if (value < sum.min) sum.min = value;
  if (value > sum.max) sum.max = value;
  sum.sum += value;
  sum.last = value;
  sum.count++;
}
