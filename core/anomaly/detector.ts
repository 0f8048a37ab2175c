/**
 * What every detector is: a way to learn sums from rows, merge them, solve them into a model, and
 * score rows with it. No clock, no chance, no I/O. The three kinds keep this promise each in its
 * own room of numbers; training and scoring know only this.
 */
import { decodeArtefact, encodeArtefact } from "./artefact.js";
import { type Explanation, explainAlarm } from "./explain.js";
import type { FeaturePlan } from "./feature-plan.js";
import { readNormal } from "./normal-behaviour.js";
import type { Contribution, NormalModel } from "./normal-model.js";
import { type NormalState, startNormal } from "./normal-state.js";
import type { OperatingRow } from "./operating-row.js";
import { solveNormal } from "./solve-normal.js";
import { beginStatistics, learnRows, mergeStatistics, type Statistics } from "./statistics.js";

/** How much of a row's score is due to one part. */
export interface PartScore {
  readonly part: string;
  /** Share of the part's limit; 0 while it is calm. */
  readonly share: number;
}

/** A row scored. */
export interface Scored<State> {
  readonly state: State;
  /** Above 1: alarming. */
  readonly score: number;
  /** Strongest first. */
  readonly parts: readonly PartScore[];
}

/** One kind of detector. No argument is ever changed. */
export interface Detector<Sums, Model, State> {
  readonly kind: "normal-behaviour" | "multivariate" | "half-space-trees";
  begin(plan: FeaturePlan): Sums;
  learn(plan: FeaturePlan, sums: Sums, rows: Iterable<OperatingRow>): Sums;
  /** The order of merging does not matter, to 1e-9. */
  merge(a: Sums, b: Sums): Sums;
  /** One contribution per installation, in any order. */
  solve(plan: FeaturePlan, contributions: readonly Contribution<Sums>[]): Model;
  start(model: Model): State;
  score(model: Model, state: State, row: OperatingRow): Scored<State>;
  explain(model: Model, state: State): Explanation;
  encode(model: Model, heatPumpModel: string): Uint8Array;
  decode(bytes: Uint8Array, heatPumpModel?: string): Model;
}

/** Expected relations between channels, for machines whose channels are known. */
export const normalBehaviour: Detector<Statistics, NormalModel, NormalState> = {
  kind: "normal-behaviour",
  begin: beginStatistics,
  learn: learnRows,
  merge: mergeStatistics,
  solve: solveNormal,
  start: startNormal,
  score(model, state, row) {
    const reader = readNormal(model, state);
    reader.read(row);
    const parts = model.plan.parts
      .map(({ id }, index) => ({ part: id, share: reader.shares[index] ?? 0 }))
      .sort((a, b) => b.share - a.share);
    return { state: reader.state(), score: reader.score, parts };
  },
  explain: (model, state) => explainAlarm(model, state),
  encode: (model, heatPumpModel) => encodeArtefact({ heatPumpModel, model }),
  decode: (bytes, heatPumpModel) => decodeArtefact(bytes, heatPumpModel).model,
};
