/**
 * How one installation performs over a window: from the sums of its days, never from single
 * readings. Pure.
 *
 * A figure is given only where enough of the window was measured; a seasonal performance factor
 * only over a whole year, because a mild half of one flatters every machine.
 */
import type { DaySummary } from "./day-summary.js";

/** A window in whole days. */
export type PerformanceWindow = "24h" | "7d" | "30d" | "365d";

/** Days of each window. */
export const WINDOW_DAYS: Readonly<Record<PerformanceWindow, number>> = {
  "24h": 1,
  "7d": 7,
  "30d": 30,
  "365d": 365,
};

/** What a figure is: its name, unit, and what is plausible. */
export interface PerformanceQuantity {
  readonly id: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Whether more is better; left out: neither is. */
  readonly better?: "more" | "less";
}

const COP = { unit: "", min: 0.5, max: 12, better: "more" } as const;

/** Outdoor temperature of a day, °C: from (included) to (excluded). EN 14825's points are inside. */
export const BANDS = [
  { id: "below_-7", from: -100, to: -7 },
  { id: "-7_to_2", from: -7, to: 2 },
  { id: "2_to_7", from: 2, to: 7 },
  { id: "7_to_12", from: 7, to: 12 },
  { id: "from_12", from: 12, to: 100 },
] as const;

/** Every figure, in the order of answers. */
export const QUANTITIES: readonly PerformanceQuantity[] = [
  { id: "cop_total", ...COP },
  { id: "cop_heating", ...COP },
  { id: "cop_hot_water", ...COP },
  ...BANDS.map(({ id }) => ({ id: `cop_outdoor_${id}`, ...COP })),
  { id: "spf", ...COP },
  { id: "compressor_hours_per_day", unit: "h", min: 0, max: 24 },
  { id: "starts_per_hour", unit: "1/h", min: 0, max: 60, better: "less" },
  { id: "electricity_per_day", unit: "kWh", min: 0, max: 5_000 },
];

/** Of a window's days, so many must have data; of a day, so much. */
const DAYS_SHARE_MIN = 0.8;
const COVERAGE_MIN = 0.75;
/** Below it a ratio is made of rounding. */
const ELECTRIC_KWH_MIN = 1;
/** An hour of running, below which starts per hour say nothing. */
const RUN_HOURS_MIN = 1;
/** A year with few holes. */
const SPF_DAYS_MIN = 350;
/** Days of a band before its figure counts. */
const BAND_DAYS_MIN = 2;

/** Figures by quantity; what cannot be said is left out. */
export type Performance = ReadonlyMap<string, number>;

/**
 * @param days of one device, any order; those outside the window are passed over
 * @param lastDay the last whole day, since 1970
 */
export function measurePerformance(
  days: readonly DaySummary[],
  window: PerformanceWindow,
  lastDay: number,
): Performance {
  const length = WINDOW_DAYS[window];
  const inside = days.filter(
    ({ day, coverage }) => day <= lastDay && day > lastDay - length && coverage >= COVERAGE_MIN,
  );
  const figures = new Map<string, number>();
  const put = (id: string, value: number | undefined): void => {
    const quantity = QUANTITIES.find((one) => one.id === id);
    if (value === undefined || quantity === undefined) return;
    if (value >= quantity.min && value <= quantity.max) figures.set(id, value);
  };
  if (inside.length < Math.max(1, length * DAYS_SHARE_MIN)) return figures;
  put("cop_total", ratio(inside, "total"));
  put("cop_heating", ratio(inside, "heating"));
  put("cop_hot_water", ratio(inside, "hotWater"));
  for (const { id, from, to } of BANDS) {
    const band = inside.filter(
      ({ outdoorMean }) => outdoorMean !== undefined && outdoorMean >= from && outdoorMean < to,
    );
    if (band.length >= Math.min(BAND_DAYS_MIN, length))
      put(`cop_outdoor_${id}`, ratio(band, "total"));
  }
  if (window === "365d" && inside.length >= SPF_DAYS_MIN) put("spf", ratio(inside, "total"));
  const hours = mean(inside.map((one) => one.compressorHours));
  put("compressor_hours_per_day", hours);
  put("starts_per_hour", startsPerHour(inside));
  put("electricity_per_day", mean(inside.map((one) => one.total.electricKwh)));
  return figures;
}

/** Heat over electricity, over those days that have both. */
function ratio(
  days: readonly DaySummary[],
  use: "total" | "heating" | "hotWater",
): number | undefined {
  let [heat, electric] = [0, 0];
  for (const day of days) {
    const { heatKwh, electricKwh } = day[use];
    if (heatKwh === undefined || electricKwh === undefined) continue;
    heat += heatKwh;
    electric += electricKwh;
  }
  return electric >= ELECTRIC_KWH_MIN ? heat / electric : undefined;
}

function startsPerHour(days: readonly DaySummary[]): number | undefined {
  let [starts, hours] = [0, 0];
  for (const { compressorStarts, compressorHours } of days) {
    if (compressorStarts === undefined || compressorHours === undefined) continue;
    starts += compressorStarts;
    hours += compressorHours;
  }
  return hours >= RUN_HOURS_MIN ? starts / hours : undefined;
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((one) => one !== undefined);
  if (known.length === 0) return undefined;
  return known.reduce((sum, one) => sum + one, 0) / known.length;
}
