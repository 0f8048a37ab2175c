/**
 * Which rows are believed when learning: those near what the machine itself usually does. A broken
 * sensor or a wild quarter of an hour must not widen what counts as normal.
 */
import { toleranceOf } from "./feature-plan.js";
import type { NormalModel } from "./normal-model.js";
import { offsetsOf } from "./solve-normal.js";
import type { RowFilter, Statistics } from "./statistics.js";

/** Rows further out, in deviations (or halves of what is worth a notice), are not learnt. */
const DEVIATIONS_MAX = 3;

/** A filter around the own level of the machine whose sums are `own`. */
export function trimAround(model: NormalModel, own: Statistics): RowFilter {
  const offsets = offsetsOf(model, own);
  const deviations = model.parts.map((part) => Math.sqrt(part.rowVariance));
  return (index, phi, target) => {
    const part = model.parts[index];
    const offset = offsets[index] ?? Number.NaN;
    if (part === undefined || !part.isUsable || Number.isNaN(offset)) return true;
    let expected = offset;
    for (let i = 0; i < part.beta.length; i++) expected += (part.beta[i] ?? 0) * (phi[i] ?? 0);
    const tolerance = toleranceOf(model.plan.parts[index], expected);
    const most = DEVIATIONS_MAX * Math.max(deviations[index] ?? 0, tolerance / 2);
    return Math.abs(target - expected) <= most;
  };
}
