/**
 * Where an installation lives in the space of its fleet: at which weather and loads it ran, what it
 * showed there, and how much it ran. From sums alone, so that nobody's rows are needed.
 */
import { channelAt, channelIndex } from "#core/anomaly/channel.js";
import type { FeaturePlan, PlanPart } from "#core/anomaly/feature-plan.js";
import { featureCount } from "#core/anomaly/features.js";
import type { Contribution } from "#core/anomaly/normal-model.js";
import { layoutOf, ROWS, type Statistics, SUMS } from "#core/anomaly/statistics.js";
import { MAD_TO_SD, medianOf } from "./middle.js";

/** One quantity of all installations. */
export interface Place {
  readonly part: string;
  readonly channel: string;
  /** In spreads of the channel, or logarithms of rows; NaN where an installation has too few rows. */
  readonly values: readonly number[];
  readonly middle: number;
  /** Standard deviation by the middle of the fleet. */
  readonly spread: number;
}

/** Rows of a part before it says anything about an installation. */
export const ROWS_MIN = 100;

/** All quantities, in the order of the plan. */
export function placesOf(
  plan: FeaturePlan,
  contributions: readonly Contribution<Statistics>[],
): readonly Place[] {
  return plan.parts.flatMap((part, index) => {
    const sums = contributions.map(({ statistics }) => statistics.sums[index]);
    return columnsOf(part).map(({ channel, at, perSpread }) => {
      const values = sums.map((of) => {
        const rows = of?.[ROWS] ?? 0;
        return rows < ROWS_MIN ? Number.NaN : ((of?.[at] ?? 0) / rows) * perSpread;
      });
      return toPlace(part.id, channel, values);
    });
  });
}

/** How much each ran, by part: no two homes run for the same number of minutes. */
export function amountsOf(
  plan: FeaturePlan,
  contributions: readonly Contribution<Statistics>[],
): readonly Place[] {
  return plan.parts.map(({ id }, index) => {
    const values = contributions.map(({ statistics }) => {
      const rows = statistics.sums[index]?.[ROWS] ?? 0;
      return rows < ROWS_MIN ? Number.NaN : Math.log(rows);
    });
    return toPlace(id, "rows", values);
  });
}

function toPlace(part: string, channel: string, values: readonly number[]): Place {
  const middle = medianOf(values);
  const spread = MAD_TO_SD * medianOf(values.map((one) => Math.abs(one - middle)));
  return { part, channel, values, middle, spread };
}

/** Context values and the target, and where their sums stand: in the row of the constant feature. */
function columnsOf(part: PlanPart) {
  const size = featureCount(part);
  const target = {
    channel: part.target,
    at: SUMS + layoutOf(size).width - 1,
    perSpread: 1 / channelAt(channelIndex(part.target)).spread,
  };
  if (part.mode === "day") return [target];
  const context = part.context.map((channel, k) => ({ channel, at: SUMS + 1 + k, perSpread: 1 }));
  return [...context, target];
}
