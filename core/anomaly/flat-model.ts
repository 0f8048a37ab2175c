/** The numbers of a model part by part in flat arrays, as scoring a row wants them. */
import { featureCount } from "./features.js";
import type { NormalModel } from "./normal-model.js";

/** One entry per part of the plan. */
export interface FlatModel {
  /** Places of the parts that say anything; the others have no coefficients here. */
  readonly usable: Int32Array;
  readonly beta: readonly (Float64Array | undefined)[];
  readonly leverage: readonly (Float64Array | undefined)[];
  readonly rowVariance: Float64Array;
  readonly dayVariance: Float64Array;
  /** 1 / standard deviation of a row; information of a row. */
  readonly perDeviation: Float64Array;
  readonly information: Float64Array;
  readonly psi: Float64Array;
  readonly tolerance: Float64Array;
  readonly share: Float64Array;
  /** 1 / limit², 0 for a monitor that may not alarm. */
  readonly perFast: Float64Array;
  readonly perSlow: Float64Array;
  readonly isDrive: Uint8Array;
}

/** Channels of drives that have a lowest and a highest speed. */
const DRIVES: ReadonlySet<string> = new Set(["fan", "frequency", "rating", "pump"]);

/** Flattens a model. */
export function flattenModel({ plan, parts }: NormalModel): FlatModel {
  const each = (of: (index: number) => number) => Float64Array.from(parts, (_, i) => of(i));
  const inverse = (limit: number) => 1 / (limit * limit);
  const fits = (index: number) => {
    const [part, planned] = [parts[index], plan.parts[index]];
    const size = planned === undefined ? -1 : featureCount(planned);
    return part?.isUsable === true && part.beta.length === size;
  };
  return {
    usable: Int32Array.from(parts.keys()).filter(fits),
    beta: parts.map((part, index) => (fits(index) ? part.beta : undefined)),
    leverage: parts.map((part, index) => (fits(index) ? part.leverage : undefined)),
    rowVariance: each((index) => parts[index]?.rowVariance ?? 1),
    dayVariance: each((index) => parts[index]?.dayVariance ?? 0),
    perDeviation: each((index) => 1 / Math.sqrt(parts[index]?.rowVariance ?? 1)),
    information: each((index) => (parts[index]?.rho ?? 0) / (parts[index]?.rowVariance ?? 1)),
    psi: each((index) => parts[index]?.psi ?? 1),
    tolerance: each((index) => plan.parts[index]?.tolerance ?? 0),
    share: each((index) => (plan.parts[index]?.percent ?? 0) / 100),
    perFast: each((index) => inverse(parts[index]?.limitFast ?? 1)),
    perSlow: each((index) =>
      plan.parts[index]?.house === true ? 0 : inverse(parts[index]?.limitSlow ?? 1),
    ),
    isDrive: Uint8Array.from(plan.parts, (part) => (DRIVES.has(part.target) ? 1 : 0)),
  };
}
