/** Whose data a model may be trained with, and how many were left out by which rule. */
import type { InstallationState } from "../registry/registry.js";

/** The rules of the pool. */
export interface TrainingRules {
  /** Least number of installations and of readings to train. */
  readonly installationsMin: number;
  readonly readingsMin: number;
  /** Least number of installations behind a published model. */
  readonly publishInstallationsMin: number;
  /** Distinct days with data before an installation counts. */
  readonly probationDays: number;
  readonly countUnverified: boolean;
  /** An operator's own test pool. */
  readonly closedTestPool: boolean;
}

/** Nobody's settings go below these, except in a closed test pool. */
export const PUBLISH_FLOOR = 15;
export const TRAIN_FLOOR = { installationsMin: 5, readingsMin: 10_000 } as const;

/** What is asked about an installation. */
export interface SelectionDeps {
  /** What its owner agreed to, and has not taken back. */
  readonly scopesOf: (state: InstallationState) => readonly string[];
  readonly isErased: (installationId: string) => boolean;
  /** Whether it has an identity of its own. */
  readonly isVerified: (installationId: string) => boolean;
  readonly daysWithData: (state: InstallationState) => number;
}

/** Who is in, and why the others are not. */
export interface Selection {
  /** In the order of ids. */
  readonly members: readonly InstallationState[];
  /** Installations left out, by rule. */
  readonly leftOut: Readonly<Record<string, number>>;
}

/** The rules as they count: only a closed test pool may lower them. */
export function effectiveTrainingRules(rules: TrainingRules): TrainingRules {
  if (rules.closedTestPool) return rules;
  return {
    ...rules,
    installationsMin: Math.max(rules.installationsMin, TRAIN_FLOOR.installationsMin),
    readingsMin: Math.max(rules.readingsMin, TRAIN_FLOOR.readingsMin),
    publishInstallationsMin: Math.max(rules.publishInstallationsMin, PUBLISH_FLOOR),
  };
}

/** Goes through the installations of one heat pump model. */
export function selectInstallations(
  states: Iterable<InstallationState>,
  rules: TrainingRules,
  deps: SelectionDeps,
): Selection {
  const leftOut: Record<string, number> = {};
  const members = [...states].filter((state) => {
    const why = refusal(state, rules, deps);
    if (why !== undefined) leftOut[why] = (leftOut[why] ?? 0) + 1;
    return why === undefined;
  });
  members.sort((a, b) => (a.installationId < b.installationId ? -1 : 1));
  return { members, leftOut };
}

function refusal(
  state: InstallationState,
  { countUnverified, probationDays }: TrainingRules,
  deps: SelectionDeps,
): string | undefined {
  if (deps.isErased(state.installationId)) return "erased";
  if (!deps.scopesOf(state).includes("model_training")) return "no consent to training";
  if (!countUnverified && !deps.isVerified(state.installationId)) return "not verified";
  return deps.daysWithData(state) < probationDays ? "on probation" : undefined;
}
