/** The numbers of a model part by part in flat arrays, as scoring a row wants them. */
import { channelAt, channelIndex } from "./channel.js";
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
  /** The part of the compressor that has to deliver what this one is about; -1: none. */
  readonly driveOf: Int32Array;
  readonly driveChannel: Int32Array;
  /** What a curve or the weather asks of the compressor, at this instant or over a day. */
  readonly isAsked: Uint8Array;
  readonly isDay: Uint8Array;
  /** Nothing less or more than this can be expected of the quantity. */
  readonly least: Float64Array;
  readonly most: Float64Array;
}

/** Channels of drives that have a lowest and a highest speed. */
const DRIVES: ReadonlySet<string> = new Set(["fan", "frequency", "rating", "pump"]);

const COMPRESSORS: ReadonlySet<string> = new Set(["frequency", "rating"]);

/** What a house asks for: a machine that gives all it can may stay below it. */
const ASKED: ReadonlySet<string> = new Set(["flow", "kw"]);

/** Flattens a model. */
export function flattenModel({ plan, parts }: NormalModel): FlatModel {
  const each = (of: (index: number) => number) => Float64Array.from(parts, (_, i) => of(i));
  const inverse = (limit: number) => 1 / (limit * limit);
  const fits = (index: number) => {
    const [part, planned] = [parts[index], plan.parts[index]];
    const size = planned === undefined ? -1 : featureCount(planned);
    return part?.isUsable === true && part.beta.length === size;
  };
  const driveOf = Int32Array.from(plan.parts, ({ mode, target }) => {
    if (!ASKED.has(target)) return -1;
    const running = mode === "day" ? "heating" : mode;
    return plan.parts.findIndex((one) => one.mode === running && COMPRESSORS.has(one.target));
  });
  const channelOf = (index: number) => channelAt(channelIndex(plan.parts[index]?.target ?? "flow"));
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
    driveOf,
    driveChannel: driveOf.map((drive) =>
      channelIndex(drive < 0 ? "frequency" : (plan.parts[drive]?.target ?? "frequency")),
    ),
    isDrive: Uint8Array.from(plan.parts, (part) => (DRIVES.has(part.target) ? 1 : 0)),
    isAsked: Uint8Array.from(plan.parts, (part) => (ASKED.has(part.target) ? 1 : 0)),
    isDay: Uint8Array.from(plan.parts, (part) => (part.mode === "day" ? 1 : 0)),
    least: each((index) => channelOf(index).min),
    most: each((index) => channelOf(index).max),
  };
}
