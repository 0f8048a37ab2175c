/** Training and candidates ↔ their messages. */
import type { ModelCard } from "#core/anomaly/model-card.js";
import { HeatpoolError } from "#core/errors.js";
import * as wire from "#proto/heatpool/admin/v1/training.js";
import type { TrainingOrder } from "../train/training.js";
import type { ListedCandidate, TrainedModel, TrainingRun } from "../train/training-desk.js";

const STATES = {
  running: wire.TrainingState.TRAINING_STATE_RUNNING,
  done: wire.TrainingState.TRAINING_STATE_DONE,
  failed: wire.TrainingState.TRAINING_STATE_FAILED,
} as const;
const OUTCOMES = {
  candidate: wire.TrainingOutcome.TRAINING_OUTCOME_CANDIDATE,
  refused: wire.TrainingOutcome.TRAINING_OUTCOME_REFUSED,
  skipped: wire.TrainingOutcome.TRAINING_OUTCOME_SKIPPED,
} as const;
const CANDIDATES = {
  candidate: wire.CandidateState.CANDIDATE_STATE_WAITING,
  refused: wire.CandidateState.CANDIDATE_STATE_REFUSED,
  published: wire.CandidateState.CANDIDATE_STATE_PUBLISHED,
} as const;

export function toOrder(request: wire.StartTrainingRequest): TrainingOrder {
  const { heatpumpModel, since, dryRun } = request;
  return {
    ...(heatpumpModel !== "" && { heatpumpModel }),
    ...(since !== "" && { since }),
    isDry: dryRun,
  };
}

export function fromOrder({ heatpumpModel, since, isDry }: TrainingOrder) {
  return {
    heatpumpModel: heatpumpModel ?? "",
    since: since ?? "",
    dryRun: isDry === true,
  } satisfies wire.StartTrainingRequest;
}

export function toRun({ state, isDry, isOnDemand, models, ...run }: TrainingRun): wire.TrainingRun {
  return {
    ...run,
    id: BigInt(run.id),
    startedAtMs: BigInt(run.startedAtMs),
    durationMs: count(run.durationMs),
    dryRun: isDry,
    onDemand: isOnDemand,
    state: STATES[state],
    models: models.map(toTrained),
  };
}

/** @throws HeatpoolError `PROTOCOL` nothing came, or of a newer form */
export function fromRun(run: wire.TrainingRun | undefined): TrainingRun {
  if (run === undefined) throw new HeatpoolError("PROTOCOL", "no run came");
  const { dryRun, onDemand, ...others } = run;
  return {
    ...others,
    id: Number(run.id),
    startedAtMs: Number(run.startedAtMs),
    durationMs: Number(run.durationMs),
    isDry: dryRun,
    isOnDemand: onDemand,
    state: nameOf(STATES, run.state),
    models: run.models.map(fromTrained),
  };
}

function toTrained({ outcome, leftOut, readings, reasons, ...model }: TrainedModel) {
  return {
    ...model,
    readings: count(readings),
    reasons: [...reasons],
    outcome: OUTCOMES[outcome],
    leftOut: Object.entries(leftOut).map(([reason, times]) => ({ reason, count: count(times) })),
  } satisfies wire.TrainedModel;
}

function fromTrained({ outcome, leftOut, readings, ...model }: wire.TrainedModel): TrainedModel {
  const counts = leftOut.map(({ reason, count: times }) => [reason, Number(times)]);
  return {
    ...model,
    readings: Number(readings),
    outcome: nameOf(OUTCOMES, outcome),
    leftOut: Object.fromEntries(counts),
  };
}

export function toCandidate(candidate: ListedCandidate): wire.Candidate {
  const { modelId, heatpumpModel, card, outcome, reasons, madeAtMs, bytes } = candidate;
  return {
    ...{ modelId, heatpumpModel, bytes },
    version: card.version,
    state: CANDIDATES[outcome],
    madeAtMs: BigInt(madeAtMs),
    reasons: [...reasons],
    card: toCard(card),
  };
}

/** @throws HeatpoolError `PROTOCOL` no card came, or of a newer form */
export function fromCandidate(candidate: wire.Candidate): ListedCandidate {
  const { version, card, state, madeAtMs, ...others } = candidate;
  if (card === undefined) throw new HeatpoolError("PROTOCOL", "no card came");
  return {
    ...others,
    outcome: nameOf(CANDIDATES, state),
    madeAtMs: Number(madeAtMs),
    card: fromCard(card, version),
  };
}

function toCard({ version: _, figures, published, gates, ...card }: ModelCard): wire.ModelCard {
  const { coldest, warmest, ...others } = card;
  return {
    ...others,
    months: [...card.months],
    silentParts: [...card.silentParts],
    limits: [...card.limits],
    readings: count(card.readings),
    coldestCelsius: coldest,
    warmestCelsius: warmest,
    figures: toFigures(figures),
    published: published && toFigures(published),
    gates: gates.map(({ isPassed, ...gate }) => ({ ...gate, passed: isPassed })),
  };
}

function fromCard(card: wire.ModelCard, version: string): ModelCard {
  const { coldestCelsius, warmestCelsius, figures, published, gates, ...others } = card;
  if (figures === undefined) throw new HeatpoolError("PROTOCOL", "no figures came");
  return {
    ...others,
    version,
    readings: Number(card.readings),
    ...(coldestCelsius !== undefined && { coldest: coldestCelsius }),
    ...(warmestCelsius !== undefined && { warmest: warmestCelsius }),
    figures: fromFigures(figures),
    ...(published !== undefined && { published: fromFigures(published) }),
    gates: gates.map(({ passed, ...gate }) => ({ ...gate, isPassed: passed })),
  };
}

function toFigures({ share, ...figures }: ModelCard["figures"]): wire.ModelFigures {
  return { ...figures, alarmShare: share };
}

function fromFigures({ alarmShare, ...figures }: wire.ModelFigures): ModelCard["figures"] {
  return { ...figures, share: alarmShare };
}

function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, value: number): Name {
  const names = Object.keys(table) as Name[];
  const found = names.find((name) => table[name] === value);
  if (found !== undefined) return found;
  throw new HeatpoolError("PROTOCOL", `${value} is not known here`, {
    hint: "Use the command of the same version as the backend.",
  });
}

function count(value: number): bigint {
  return BigInt(Math.round(value));
}
