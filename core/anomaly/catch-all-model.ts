/** What the parts of one mode usually leave over together; a model may hold it or not. */
import type { MultivariateModel, Scales } from "./multivariate.js";

/** One mode. */
export interface CatchAllMode {
  /** Index in `MODES`. */
  readonly mode: number;
  /** Places in the plan. */
  readonly parts: readonly number[];
  readonly moments: MultivariateModel;
  /** Above it rows are unusual together. */
  readonly limit: number;
}

/** Residuals are in deviations already. */
export function scalesFor(size: number): Scales {
  return { centre: new Float64Array(size), spread: new Float64Array(size).fill(1) };
}
