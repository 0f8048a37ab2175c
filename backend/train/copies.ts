/**
 * Installations that send what another one measured count once: whoever can enrol many must not
 * fill a cohort with one home, nor give it their weight.
 */
import type { FeaturePlan } from "#core/anomaly/feature-plan.js";
import type { Contribution } from "#core/anomaly/normal-model.js";
import type { Statistics } from "#core/anomaly/statistics.js";
import { amountsOf, placesOf } from "./places.js";

/**
 * Half of all quantities closer than this share of what homes usually differ by. Two homes are
 * alike in some; to be alike in most they would have to be one.
 */
const SAME_SHARE = 0.03;
/** Fewer quantities are alike by chance. */
const QUANTITIES_MIN = 6;

/** Ids that repeat another one's data; of several that do, the first id is not among them. */
export function findCopies(
  plan: FeaturePlan,
  contributions: readonly Contribution<Statistics>[],
): ReadonlySet<string> {
  const quantities = [...placesOf(plan, contributions), ...amountsOf(plan, contributions)]
    .filter(({ spread }) => spread > 0)
    .map(({ values, spread }) => Float64Array.from(values, (value) => value / spread));
  const copies = new Set<string>();
  const order = [...contributions.entries()].sort(([, a], [, b]) =>
    a.installationId < b.installationId ? -1 : 1,
  );
  for (const [place, [first]] of order.entries())
    for (const [second, { installationId }] of order.slice(place + 1))
      if (isSame(quantities, first, second)) copies.add(installationId);
  return copies;
}

function isSame(quantities: readonly Float64Array[], first: number, second: number): boolean {
  let [known, alike] = [0, 0];
  for (const of of quantities) {
    const apart = Math.abs((of[first] ?? Number.NaN) - (of[second] ?? Number.NaN));
    if (Number.isNaN(apart)) continue;
    known++;
    if (apart < SAME_SHARE) alike++;
  }
  return known >= QUANTITIES_MIN && alike > known / 2;
}
