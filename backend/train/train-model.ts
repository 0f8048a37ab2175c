/** One heat pump model: select → read and sum months → merge → a judged model → a candidate. */
import { decodeArtefact, encodeArtefact } from "#core/anomaly/artefact.js";
import type { InstallationState } from "../registry/registry.js";
import { keepCandidate, listCandidates, modelIdOf, nextVersion } from "./candidates.js";
import { chooseSamples } from "./choose-samples.js";
import { findInData, keepFindings } from "./data-findings.js";
import { type LabelledSets, labelledFor } from "./labelled-sets.js";
import { type Fitter, type LearntFleet, learnInstallations } from "./learn-fleet.js";
import { hashOfInput, makeCard } from "./make-card.js";
import type { ModelResult } from "./make-model.js";
import type { Month } from "./month.js";
import { effectiveTrainingRules, selectInstallations } from "./select.js";
import type { TrainingReport } from "./training.js";
import type { TrainingDeps } from "./training-deps.js";

/** What all models of a run share. */
export interface RunContext {
  readonly fitter: Fitter;
  readonly periods: readonly Month[];
  readonly signal: AbortSignal;
  readonly isDry: boolean;
  readonly labelled: LabelledSets | undefined;
}

/** The model for all heat pumps, for those that have none of their own. */
export const GENERIC = "*";

/** @param of heat pump models whose installations are learnt from */
export async function trainModel(
  deps: TrainingDeps,
  heatpumpModel: string,
  of: readonly string[],
  context: RunContext,
): Promise<TrainingReport> {
  const rules = effectiveTrainingRules(deps.rules);
  const modelId = modelIdOf(heatpumpModel);
  const { members, leftOut } = selectInstallations(statesOf(deps, of), rules, deps);
  const skip = (why: string, more: Partial<TrainingReport> = {}): TrainingReport => ({
    ...{ modelId, heatpumpModel, outcome: "skipped", reasons: [why], leftOut },
    ...{ installations: members.length, readings: 0, ...more },
  });
  const tell = (text: string): void => deps.onProgress(`${heatpumpModel}: ${text}`);
  if (members.length < rules.installationsMin)
    return skip(`${members.length} installations, at least ${rules.installationsMin} are needed`);
  const { fitter, periods, signal, isDry } = context;
  const learn = { store: deps.store, fitter, onProgress: tell, signal, isDry };
  const fleet = await learnInstallations(learn, members, new Set(of), periods);
  if (!isDry && heatpumpModel !== GENERIC) await noteFindings(deps, heatpumpModel, fleet);
  for (const { reason } of fleet.unusable) countReason(leftOut, reason);
  const readings = fleet.months.reduce((sum, { facts }) => sum + facts.readings, 0);
  const installations = fleet.contributions.length;
  const known = { installations, readings, leftOut };
  if (installations < rules.installationsMin)
    return skip(
      `${installations} installations can be learnt from, at least ${rules.installationsMin} are needed`,
      known,
    );
  if (readings < rules.readingsMin)
    return skip(`${readings} readings, at least ${rules.readingsMin} are needed`, known);
  tell(`${installations} installations, ${fleet.months.length} months; solving and judging`);
  const result = await fitter.make({
    heatpumpModel,
    channels: fleet.channels,
    contributions: fleet.contributions,
    samples: await chooseSamples(deps, fleet, periods),
    published: await deps.published(modelId),
    publishInstallationsMin: rules.publishInstallationsMin,
    closedTestPool: rules.closedTestPool,
    labelled: context.labelled === undefined ? [] : labelledFor(context.labelled, heatpumpModel),
  });
  for (const { reason } of result.outliers) countReason(leftOut, reason);
  const labelledHash = context.labelled?.hash;
  const made = { heatpumpModel, modelId, fleet, result, leftOut, readings, isDry, labelledHash };
  return await finish(deps, made);
}

function statesOf({ registry }: TrainingDeps, of: readonly string[]): Iterable<InstallationState> {
  const states = new Map<string, InstallationState>();
  for (const model of of)
    for (const state of registry.members(model)) states.set(state.installationId, state);
  return states.values();
}

async function noteFindings(
  { store, clock }: TrainingDeps,
  heatpumpModel: string,
  { looked }: LearntFleet,
): Promise<void> {
  await keepFindings(store, heatpumpModel, findInData(heatpumpModel, looked, clock.nowMs()));
}

function countReason(leftOut: Readonly<Record<string, number>>, why: string): void {
  const counts = leftOut as Record<string, number>;
  counts[why] = (counts[why] ?? 0) + 1;
}

interface Finished {
  readonly heatpumpModel: string;
  readonly modelId: string;
  readonly fleet: LearntFleet;
  readonly result: ModelResult;
  readonly leftOut: Readonly<Record<string, number>>;
  readonly readings: number;
  readonly isDry: boolean;
  readonly labelledHash: string | undefined;
}

async function finish(deps: TrainingDeps, made: Finished): Promise<TrainingReport> {
  const { heatpumpModel, modelId, fleet, result, leftOut, readings, isDry } = made;
  const names = [...new Set(fleet.months.map(({ month }) => month))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  const before = await listCandidates(deps.store, modelId);
  const inputHash = hashOfInput(deps, heatpumpModel, fleet, made.labelledHash);
  const taken = before.filter(({ card }) => card.inputHash !== inputHash);
  const version = nextVersion(
    names.at(-1) ?? "",
    taken.map((one) => one.card.version),
  );
  const card = makeCard(deps, made, { version, inputHash, months: names });
  const { model } = decodeArtefact(result.artefact);
  const content = encodeArtefact({ heatPumpModel: heatpumpModel, model, card });
  const failed = result.gates.filter(({ isPassed }) => !isPassed);
  const reasons = failed.map(({ name, detail }) => `${name}: ${detail}`);
  const outcome = failed.length === 0 ? "candidate" : "refused";
  const isPublished = before.some(
    (one) => one.card.version === version && one.outcome === "published",
  );
  // The same input again comes to the same content; what became of it stays as it is.
  if (!isDry && !isPublished)
    await keepCandidate(deps.store, {
      ...{ modelId, heatpumpModel, card, outcome, reasons },
      madeAtMs: deps.clock.nowMs(),
      content: Buffer.from(content).toString("base64"),
    });
  const { installations } = result;
  const facts = { modelId, heatpumpModel, outcome, reasons, leftOut } as const;
  return { ...facts, installations, readings, card, content };
}
