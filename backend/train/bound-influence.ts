/**
 * No household may move a model by more than half of what would be worth a notice. Who moves a part
 * too much counts less in that part, as much less as it takes. A part that one household would still
 * move is about that household: it stays silent.
 */
import type { FeaturePlan } from "#core/anomaly/feature-plan.js";
import type { Contribution } from "#core/anomaly/normal-model.js";
import { ROWS, type Statistics } from "#core/anomaly/statistics.js";
import { type Influence, influencesOn, partOfFleet } from "./leave-one-out.js";

/** Sums that may be solved, and what was done to them. */
export interface Bounded {
  readonly contributions: readonly Contribution<Statistics>[];
  /** Largest change by one installation, in units of what is allowed. */
  readonly influence: number;
  /** Parts that too few installations stand behind, or that one of them would move. */
  readonly silenced: readonly string[];
}

/** Weights settle within so many rounds, or not at all. */
const ROUNDS = 20;
/** Aims below what is allowed, because those that count less make the others count more. */
const AIM = 0.9;
/** In one round, and in all: who counts less than this says nothing. */
const STEP_MIN = 0.25;
const WEIGHT_MIN = 0.02;

/**
 * Weighs every part for itself.
 *
 * @param installationsMin that must stand behind a part
 */
export function boundInfluence(
  plan: FeaturePlan,
  all: readonly Contribution<Statistics>[],
  installationsMin: number,
): Bounded {
  const sums = all.map(({ statistics }) => [...statistics.sums]);
  const silenced: string[] = [];
  let influence = 0;
  for (const [index, { id }] of plan.parts.entries()) {
    const behind = sums.filter((of) => (of[index]?.[ROWS] ?? 0) >= 1).length;
    if (behind === 0) continue;
    const { weights, change } = weighPart(plan, index, all);
    const isSilent = behind < installationsMin || change > 1;
    if (isSilent) silenced.push(id);
    else influence = Math.max(influence, change);
    for (const [place, of] of sums.entries()) {
      const weight = isSilent ? 0 : (weights.get(all[place]?.installationId ?? "") ?? 1);
      if (weight < 1) of[index] = (of[index] ?? new Float64Array(0)).map((one) => one * weight);
    }
  }
  const { planId } = plan;
  const contributions = all.map(({ installationId }, place) => ({
    installationId,
    statistics: { planId, sums: sums[place] ?? [] },
  }));
  return { contributions, influence, silenced };
}

/** What one installation changes at most, with everybody counted in full. */
export function largestInfluence(
  plan: FeaturePlan,
  all: readonly Contribution<Statistics>[],
): number {
  const changes = plan.parts.flatMap((_, index) =>
    influencesOn(partOfFleet(plan, index, all)).map(({ change }) => change),
  );
  return changes.reduce((a, b) => Math.max(a, b), 0);
}

interface PartWeights extends Influence {
  readonly weights: ReadonlyMap<string, number>;
}

/** Lowers weights until nobody moves the part too much, or weighing does not help. */
function weighPart(
  plan: FeaturePlan,
  index: number,
  contributions: readonly Contribution<Statistics>[],
): PartWeights {
  const fleet = partOfFleet(plan, index, contributions);
  const weights = new Map<string, number>();
  for (let round = 0; ; round++) {
    const influences = influencesOn({
      part: fleet.part,
      contributions: fleet.contributions.map((one) => weigh(one, weights)),
    });
    const most = influences.reduce((a, b) => (b.change > a.change ? b : a), NOBODY);
    if (most.change <= 1 || round === ROUNDS) return { ...most, weights };
    for (const { installationId, change } of influences) {
      if (change <= 1) continue;
      const before = weights.get(installationId) ?? 1;
      const after = before * Math.max(STEP_MIN, AIM / change);
      weights.set(installationId, Math.max(WEIGHT_MIN, after));
    }
  }
}

const NOBODY: Influence = { installationId: "", change: 0 };

function weigh(
  one: Contribution<Statistics>,
  weights: ReadonlyMap<string, number>,
): Contribution<Statistics> {
  const weight = weights.get(one.installationId);
  if (weight === undefined) return one;
  const { planId, sums } = one.statistics;
  const lighter = sums.map((part) => part.map((value) => value * weight));
  return { installationId: one.installationId, statistics: { planId, sums: lighter } };
}
