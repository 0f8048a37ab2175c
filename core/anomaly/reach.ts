/**
 * How far a row's context lies beyond what was learnt, per part of a group: `phi' H phi / (3 p) - 1`,
 * where above 0 the expectation widens and far above it nothing is known.
 *
 * Nearly all rows lie within, and of those only that matters. So one form that lies above those of
 * all parts is tried first, see `reach-form.ts`; a row for which it cannot vouch is computed part
 * by part. The results are those of the plain formula either way.
 */
import { FEATURES_MAX } from "./features.js";
import { dot } from "./linear-algebra.js";
import { USUAL_TIMES } from "./reach-form.js";
import { type GroupSet, PLACES, type ScoreBlock } from "./score-block.js";

/** Features of the row at hand, for the plain formula. */
const features = new Float64Array(FEATURES_MAX);
/** All products of two features of the row at hand, as a packed upper triangle. */
const products = new Float64Array((FEATURES_MAX * (FEATURES_MAX + 1)) / 2);

/** Writes how far each part is beyond what it has learnt, where it is not 0. */
export function reachGroups(
  { three, two, others }: GroupSet,
  turn: number,
  flat: ScoreBlock,
): void {
  reachThree(three, turn, flat);
  reachTwo(two, turn, flat);
  for (let index = 0; index < others.length; index++) {
    const group = others[index];
    if (group !== undefined && group.features.size > 1) fillBeyond(group.at, group.phi, flat);
  }
}

function reachThree(groups: Uint16Array, turn: number, flat: ScoreBlock): void {
  const { numbers: n, places: p } = flat;
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const context = (p[group] ?? 0) + turn;
    const x = n[context] ?? 0;
    const y = n[context + 32] ?? 0;
    const z = n[context + 64] ?? 0;
    const c = p[group + 2] ?? 0;
    const p00 =
      (n[c] ?? 0) +
      z * ((n[c + 1] ?? 0) + z * ((n[c + 2] ?? 0) + z * ((n[c + 3] ?? 0) + z * (n[c + 4] ?? 0))));
    const p01 =
      (n[c + 5] ?? 0) + z * ((n[c + 6] ?? 0) + z * ((n[c + 7] ?? 0) + z * (n[c + 8] ?? 0)));
    const p02 = (n[c + 9] ?? 0) + z * ((n[c + 10] ?? 0) + z * (n[c + 11] ?? 0));
    const p03 = (n[c + 12] ?? 0) + z * (n[c + 13] ?? 0) + y * (n[c + 14] ?? 0);
    const p10 =
      (n[c + 15] ?? 0) + z * ((n[c + 16] ?? 0) + z * ((n[c + 17] ?? 0) + z * (n[c + 18] ?? 0)));
    const p11 = (n[c + 19] ?? 0) + z * ((n[c + 20] ?? 0) + z * (n[c + 21] ?? 0));
    const p12 = (n[c + 22] ?? 0) + z * (n[c + 23] ?? 0) + y * (n[c + 24] ?? 0);
    const p20 = (n[c + 25] ?? 0) + z * ((n[c + 26] ?? 0) + z * (n[c + 27] ?? 0));
    const p21 = (n[c + 28] ?? 0) + z * (n[c + 29] ?? 0) + y * (n[c + 30] ?? 0);
    const p30 =
      (n[c + 31] ?? 0) + z * (n[c + 32] ?? 0) + y * (n[c + 33] ?? 0) + x * (n[c + 34] ?? 0);
    const form =
      p00 +
      y * (p01 + y * (p02 + y * p03)) +
      x * (p10 + y * (p11 + y * p12) + x * (p20 + y * p21 + x * p30));
    if (!(form <= (n[c + 35] ?? 0))) fillBeyond(group, featuresOf(context, 3, n), flat);
  }
}

function reachTwo(groups: Uint16Array, turn: number, flat: ScoreBlock): void {
  const { numbers: n, places: p } = flat;
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const context = (p[group] ?? 0) + turn;
    const y = n[context] ?? 0;
    const z = n[context + 32] ?? 0;
    const c = p[group + 2] ?? 0;
    const p0 =
      (n[c] ?? 0) +
      z * ((n[c + 1] ?? 0) + z * ((n[c + 2] ?? 0) + z * ((n[c + 3] ?? 0) + z * (n[c + 4] ?? 0))));
    const p1 =
      (n[c + 5] ?? 0) + z * ((n[c + 6] ?? 0) + z * ((n[c + 7] ?? 0) + z * (n[c + 8] ?? 0)));
    const p2 = (n[c + 9] ?? 0) + z * ((n[c + 10] ?? 0) + z * (n[c + 11] ?? 0));
    const p3 = (n[c + 12] ?? 0) + z * (n[c + 13] ?? 0) + y * (n[c + 14] ?? 0);
    const form = p0 + y * (p1 + y * (p2 + y * p3));
    if (!(form <= (n[c + 15] ?? 0))) fillBeyond(group, featuresOf(context, 2, n), flat);
  }
}

/** The features of so many context values of the row at hand. */
function featuresOf(context: number, count: number, n: Float64Array): Float64Array {
  features[0] = 1;
  for (let i = 1; i <= count; i++) features[i] = n[context + 32 * (i - 1)] ?? 0;
  let next = count + 1;
  for (let i = 1; i <= count; i++)
    for (let j = i; j <= count; j++) features[next++] = (features[i] ?? 0) * (features[j] ?? 0);
  return features;
}

/** The plain formula, part by part. */
function fillBeyond(
  group: number,
  phi: Float64Array,
  { numbers: n, places: p, leverages }: ScoreBlock,
): void {
  const size = p[group + 6] ?? 0;
  let next = 0;
  for (let i = 0; i < size; i++) {
    const left = phi[i] ?? 0;
    for (let j = i; j < size; j++) products[next++] = left * (phi[j] ?? 0);
  }
  const end = group + 9 + (p[group + 8] ?? 0);
  for (let one = group + 9; one < end; one++) {
    const part = p[one] ?? 0;
    const leverage = leverages[part / PLACES];
    if (leverage === undefined) continue;
    const lever = dot(leverage, 0, products, 0, leverage.length);
    n[(p[part] ?? 0) + 12] = lever / (USUAL_TIMES * size) - 1;
  }
}
