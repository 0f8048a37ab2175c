/** A question about the history as its URL says it, and the answer in columns. */
import { HeatpoolError } from "#core/errors.js";
import type { Bucket, LocalDevice, LocalMetric } from "./house.js";

/** What is asked. */
export interface HistoryQuestion {
  readonly of: { readonly deviceId: string; readonly metrics: readonly string[] };
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly points: number;
  readonly described: readonly LocalMetric[];
}

const DAY_MS = 86_400_000;
/** Two months of one heat pump are 1,500 blocks: a few seconds on a Pi. */
const RANGE_MAX_MS = 62 * DAY_MS;
const POINTS_USUAL = 300;
const POINTS_MAX = 2_000;
const METRICS_MAX = 16;
/** Digits after the point: finer than any sensor, and short. */
const FINEST = 1_000;

/** @throws HeatpoolError `INVALID_ARGUMENT`, `NOT_FOUND` */
export function readHistoryQuestion(
  query: Readonly<Record<string, string | undefined>>,
  devices: readonly LocalDevice[],
  nowMs: number,
): HistoryQuestion {
  const device =
    query.device === undefined ? devices[0] : devices.find((one) => one.deviceId === query.device);
  if (device === undefined) throw new HeatpoolError("NOT_FOUND", "no such device");
  const metrics = (query.metric ?? "").split(",").filter((name) => name !== "");
  const described = metrics.map((metric) => {
    const known = device.metrics.find((one) => one.metric === metric);
    if (known === undefined) throw invalid("metric", "one that the device has, see /devices");
    return known;
  });
  if (metrics.length === 0 || metrics.length > METRICS_MAX) {
    throw invalid("metric", `1 to ${METRICS_MAX} names, with commas`);
  }
  const toMs = readInstant(query.to, nowMs + 1);
  const fromMs = readInstant(query.from, toMs - DAY_MS);
  if (toMs <= fromMs || toMs - fromMs > RANGE_MAX_MS) {
    throw invalid("from, to", `at most ${RANGE_MAX_MS / DAY_MS} days, to after from`);
  }
  const points = Number(query.points ?? POINTS_USUAL);
  if (!Number.isInteger(points) || points < 1 || points > POINTS_MAX) {
    throw invalid("points", `1 to ${POINTS_MAX}`);
  }
  const of = { deviceId: device.deviceId, metrics };
  return { of, range: { fromMs, toMs }, points, described };
}

function readInstant(text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (!Number.isFinite(ms)) throw invalid("from, to", "Unix milliseconds or ISO 8601");
  return ms;
}

function invalid(name: string, what: string): HeatpoolError {
  return new HeatpoolError("INVALID_ARGUMENT", `${name}: ${what}`);
}

/** The answer: per metric one column of each kind. */
export function toSeries(
  { of, range, described }: HistoryQuestion,
  found: ReadonlyMap<string, readonly Bucket[]>,
): unknown {
  return {
    deviceId: of.deviceId,
    ...range,
    series: described.map((metric) => {
      const buckets = found.get(metric.metric) ?? [];
      return {
        ...metric,
        at: buckets.map(({ fromMs }) => fromMs),
        min: buckets.map(({ min }) => min),
        mean: buckets.map(({ mean }) => Math.round(mean * FINEST) / FINEST),
        max: buckets.map(({ max }) => max),
        last: buckets.map(({ last }) => last),
      };
    }),
  };
}
