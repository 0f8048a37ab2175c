/** The card of a model: what it was made of, how it was judged, and what it could not be judged by. */
import { createHash } from "node:crypto";
import type { ModelCard } from "#core/anomaly/model-card.js";
import type { LearntFleet } from "./learn-fleet.js";
import type { ModelResult } from "./make-model.js";
import { effectiveTrainingRules } from "./select.js";
import type { TrainingDeps } from "./training-deps.js";

/** A model and what it was made of. */
export interface Made {
  readonly fleet: LearntFleet;
  readonly result: ModelResult;
  readonly readings: number;
}

const LIMITS = [
  "Trained on readings that nobody labelled: an undetected fault may be part of what is normal.",
  "Recall is of simulated departures put into real readings, not of real faults.",
] as const;

/** Writes the card of a model. */
export function makeCard(
  { version: software, seed }: Pick<TrainingDeps, "version" | "seed">,
  { fleet, result, readings }: Made,
  facts: Pick<ModelCard, "version" | "inputHash" | "months">,
): ModelCard {
  const days = fleet.months.reduce((sum, one) => sum + one.facts.days, 0);
  const cold = fleet.months.flatMap((one) => one.facts.coldest ?? []);
  const warm = fleet.months.flatMap((one) => one.facts.warmest ?? []);
  const cautious = coldAndWarm(cold, warm);
  return {
    version: facts.version,
    software,
    seed,
    inputHash: facts.inputHash,
    months: [...facts.months],
    installations: result.installations,
    machineMonths: Math.round((days / 30.4) * 10) / 10,
    readings: Number(readings.toPrecision(2)),
    ...cautious,
    figures: { ...result.figures },
    ...(result.publishedFigures !== undefined && { published: { ...result.publishedFigures } }),
    influence: result.influence,
    gates: result.gates.map((gate) => ({ ...gate })),
    silentParts: [...result.silentParts],
    limits: [
      ...LIMITS,
      ...result.unjudged,
      ...aboutSilence(result.silenced),
      ...(cautious === undefined
        ? []
        : [`Learnt between ${cautious.coldest} and ${cautious.warmest} °C outdoors.`]),
    ],
  };
}

/** Full degrees that at least two machine-months have reached: no household's own record. */
function coldAndWarm(cold: readonly number[], warm: readonly number[]) {
  const coldest = [...cold].sort((a, b) => a - b)[1];
  const warmest = [...warm].sort((a, b) => b - a)[1];
  if (coldest === undefined || warmest === undefined) return undefined;
  return { coldest: Math.ceil(coldest), warmest: Math.floor(warmest) };
}

/** SHA-256 over all that a model follows from. */
export function hashOfInput(
  deps: Pick<TrainingDeps, "rules" | "seed" | "version">,
  heatpumpModel: string,
  { plan, months }: LearntFleet,
  labelledHash?: string,
): string {
  const hash = createHash("sha256");
  const rules = effectiveTrainingRules(deps.rules);
  hash.update(JSON.stringify([heatpumpModel, plan.planId, deps.seed, deps.version, rules]));
  for (const one of months) hash.update(one.inputHash);
  if (labelledHash !== undefined) hash.update(labelledHash);
  return hash.digest("hex");
}

function aboutSilence(silenced: readonly string[]): readonly string[] {
  if (silenced.length === 0) return [];
  return [`Silent, because single households would show: ${silenced.join(", ")}.`.slice(0, 200)];
}
