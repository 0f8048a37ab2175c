/** What is remembered of a device between two rows, for the normal-behaviour model. */
import { type LocalFit, startLocalFit } from "./local-fit.js";
import { SUMS_PER_PART } from "./monitors.js";
import type { NormalModel } from "./normal-model.js";

/** What is known of a device between rows; belongs to one model. */
export interface NormalState {
  readonly cell: number;
  /** Six sums per part, see `monitors.ts`. */
  readonly sums: Float64Array;
  readonly fits: readonly LocalFit[];
  /** Last row per part: measured, expected, variance beyond a row's own, in units of that. */
  readonly last: Float64Array;
  /** Rows of evidence per part since its monitors were last calm. */
  readonly evidence: Float64Array;
  /** Cell in which the part was last calm, in which it last had evidence. */
  readonly calm: Float64Array;
  readonly evidenceCell: Float64Array;
  /** Highest square of a share of the limits today, per part. */
  readonly peaks: Float64Array;
  /** Lowest and highest target seen per part: the stops of a drive. */
  readonly stops: Float64Array;
  /** Cell in which the compressor last gave all it can and it was too little; left out: never. */
  readonly capacityCell?: number;
  readonly rowsOutOfReach: number;
}

/** Numbers kept of the last row of a part. */
export const LAST_NUMBERS = 3;

/** The state of a device about which nothing is known. */
export function startNormal(model: NormalModel, known: readonly Float64Array[] = []): NormalState {
  const count = model.parts.length;
  return {
    cell: Number.NaN,
    sums: new Float64Array(count * SUMS_PER_PART),
    fits: model.parts.map((part, index) => startLocalFit(part, known[index])),
    last: new Float64Array(count * LAST_NUMBERS).fill(Number.NaN),
    evidence: new Float64Array(count),
    calm: new Float64Array(count).fill(Number.NaN),
    evidenceCell: new Float64Array(count).fill(Number.NaN),
    peaks: new Float64Array(count),
    stops: stopsOf(count),
    rowsOutOfReach: 0,
  };
}

/** The same numbers in arrays of their own. */
export function copyState(state: NormalState): NormalState {
  return {
    cell: state.cell,
    sums: state.sums.slice(),
    fits: state.fits.map((fit) => ({
      size: fit.size,
      information: fit.information.slice(),
      pull: fit.pull.slice(),
      covariance: fit.covariance.slice(),
      deviation: fit.deviation.slice(),
      waiting: fit.waiting.slice(),
    })),
    last: state.last.slice(),
    evidence: state.evidence.slice(),
    calm: state.calm.slice(),
    evidenceCell: state.evidenceCell.slice(),
    peaks: state.peaks.slice(),
    stops: state.stops.slice(),
    ...(state.capacityCell !== undefined && { capacityCell: state.capacityCell }),
    rowsOutOfReach: state.rowsOutOfReach,
  };
}

/** No stop known: every value is beyond. */
function stopsOf(count: number): Float64Array {
  const stops = new Float64Array(count * 2);
  for (let part = 0; part < count; part++) {
    stops[part * 2] = Number.POSITIVE_INFINITY;
    stops[part * 2 + 1] = Number.NEGATIVE_INFINITY;
  }
  return stops;
}
