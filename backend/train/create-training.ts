/**
 * One training run: select → read and sum months → merge → a judged model → a candidate with its
 * card. The same blocks, settings and version of this program give the same bytes.
 */
import { createHash } from "node:crypto";
import { decodeArtefact, encodeArtefact } from "#core/anomaly/artefact.js";
import type { ModelCard } from "#core/anomaly/model-card.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { InstallationState, Registry } from "../registry/registry.js";
import {
  keepCandidate,
  listCandidates,
  modelIdOf,
  nextVersion,
  pruneCandidates,
} from "./candidates.js";
import { pruneMonths } from "./kept-months.js";
import {
  type Fitter,
  type LearntFleet,
  learnInstallations,
  type TrainingStore,
} from "./learn-fleet.js";
import type { ModelResult, Sample } from "./make-model.js";
import { type Month, monthsBefore, parseMonth } from "./month.js";
import { readBlocks } from "./read-blocks.js";
import {
  effectiveTrainingRules,
  type SelectionDeps,
  selectInstallations,
  type TrainingRules,
} from "./select.js";
import type { Training, TrainingOrder, TrainingReport } from "./training.js";

/** What training works with. */
export interface TrainingDeps extends SelectionDeps {
  readonly store: TrainingStore;
  readonly registry: Pick<Registry, "members" | "models">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly rules: TrainingRules;
  /** Months that are learnt from at most. */
  readonly windowMonths: number;
  readonly seed: number;
  readonly version: string;
  /** Opened for a run and closed after it. */
  readonly openFitter: () => Fitter;
  /** Content of the published model; left out: there is none. */
  readonly published: (modelId: string) => Promise<Uint8Array | undefined>;
  readonly onProgress: (text: string) => void;
}

/** Machine-days whose rows are in memory at once for limits and figures. */
const SAMPLE_DAYS_MAX = 1_500;
/** Days of one machine that limits come from. */
const SAMPLE_DAYS_EACH = 90;
const GENERIC = "*";

const LIMITS = [
  "Trained on readings that nobody labelled: an undetected fault may be part of what is normal.",
  "Recall is of simulated departures put into real readings, not of real faults.",
] as const;

export function createTraining(deps: TrainingDeps): Training {
  const { store, registry, clock } = deps;
  let isRunning = false;
  const run = async (order: TrainingOrder, signal: AbortSignal): Promise<TrainingReport[]> => {
    const nowMs = clock.nowMs();
    const since = order.since === undefined ? undefined : parseMonth(order.since);
    const periods = monthsBefore(nowMs, deps.windowMonths, since);
    const models = registry
      .models()
      .filter((model) => model !== "")
      .sort();
    const asked = order.heatpumpModel;
    if (asked !== undefined && asked !== GENERIC && !models.includes(asked))
      throw new HeatpoolError("NOT_FOUND", `nobody contributes to ${asked}`, {
        hint: `Known: ${models.join(", ") || "none"}.`,
      });
    const wanted = asked === undefined ? [...models, GENERIC] : [asked];
    if (order.isDry !== true) await prune(deps, periods);
    const fitter = deps.openFitter();
    const reports: TrainingReport[] = [];
    try {
      for (const heatpumpModel of wanted) {
        const of = heatpumpModel === GENERIC ? models : [heatpumpModel];
        // With one model in the pool the generic one would be that one again.
        if (asked === undefined && heatpumpModel === GENERIC && models.length < 2) continue;
        const context = { fitter, periods, signal, isDry: order.isDry === true };
        reports.push(await trainModel(deps, heatpumpModel, of, context));
      }
    } finally {
      await fitter.close();
    }
    if (order.isDry !== true) await pruneCandidates(store, nowMs);
    return reports;
  };
  return {
    async train(order, signal) {
      if (isRunning) throw new HeatpoolError("UNAVAILABLE", "training runs already");
      isRunning = true;
      try {
        return await run(order, signal);
      } finally {
        isRunning = false;
      }
    },
  };
}

/** Sums of who left, and of months that are kept no longer, go before anything is learnt. */
async function prune(deps: TrainingDeps, periods: readonly Month[]): Promise<void> {
  const { members } = selectInstallations(
    deps.registry.members(),
    { ...deps.rules, countUnverified: true, probationDays: 0 },
    deps,
  );
  const ids = members.map(({ installationId }) => installationId);
  await pruneMonths(deps.store, ids, periods[0]?.name ?? "");
}

interface Context {
  readonly fitter: Fitter;
  readonly periods: readonly Month[];
  readonly signal: AbortSignal;
  readonly isDry: boolean;
}

async function trainModel(
  deps: TrainingDeps,
  heatpumpModel: string,
  of: readonly string[],
  context: Context,
): Promise<TrainingReport> {
  const rules = effectiveTrainingRules(deps.rules);
  const modelId = modelIdOf(heatpumpModel);
  const states = new Map<string, InstallationState>();
  for (const model of of)
    for (const state of deps.registry.members(model)) states.set(state.installationId, state);
  const { members, leftOut } = selectInstallations(states.values(), rules, deps);
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
  });
  for (const { parts } of result.outliers) countReason(leftOut, `unlike the others: ${parts[0]}`);
  return await finish(deps, { heatpumpModel, modelId, fleet, result, leftOut, readings, isDry });
}

function countReason(leftOut: Readonly<Record<string, number>>, why: string): void {
  const counts = leftOut as Record<string, number>;
  counts[why] = (counts[why] ?? 0) + 1;
}

/** Who is held out is chosen by id and seed, so that nobody can choose it by sending more. */
async function chooseSamples(
  { store, seed }: TrainingDeps,
  { contributions, months }: LearntFleet,
  periods: readonly Month[],
): Promise<Sample[]> {
  const tables: ChannelTable[] = [];
  for await (const table of store.tables()) tables.push(table);
  const toDay = periods.at(-1)?.toDay ?? 0;
  const days = Math.min(SAMPLE_DAYS_EACH, toDay - (periods[0]?.fromDay ?? toDay));
  const most = Math.floor(SAMPLE_DAYS_MAX / Math.max(1, days));
  const order = contributions
    .map(({ installationId }) => ({ installationId, draw: drawOf(seed, installationId) }))
    .sort((a, b) => (a.draw < b.draw ? -1 : 1));
  const samples: Sample[] = [];
  for (const { installationId } of order.slice(0, most)) {
    const newest = months.filter((one) => one.installationId === installationId).at(-1);
    if (newest === undefined) continue;
    const { deviceId, heatpumpModel, period } = newest;
    const fromDay = Math.max(period.toDay - days, periods[0]?.fromDay ?? 0);
    const place = { installationId, deviceId, heatpumpModel, fromDay, toDay: period.toDay };
    const device = await readBlocks(store, tables, place);
    if (device !== undefined) samples.push({ ...place, device });
  }
  return samples;
}

function drawOf(seed: number, installationId: string): string {
  return createHash("sha256").update(`${seed} ${installationId}`).digest("hex");
}

interface Finished {
  readonly heatpumpModel: string;
  readonly modelId: string;
  readonly fleet: LearntFleet;
  readonly result: ModelResult;
  readonly leftOut: Readonly<Record<string, number>>;
  readonly readings: number;
  readonly isDry: boolean;
}

async function finish(deps: TrainingDeps, made: Finished): Promise<TrainingReport> {
  const { heatpumpModel, modelId, fleet, result, leftOut, readings, isDry } = made;
  const names = [...new Set(fleet.months.map(({ month }) => month))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  const before = await listCandidates(deps.store, modelId);
  const inputHash = hashOf(deps, heatpumpModel, fleet);
  const taken = before.filter(({ card }) => card.inputHash !== inputHash);
  const card = makeCard(deps, made, {
    version: nextVersion(
      names.at(-1) ?? "",
      taken.map((one) => one.card.version),
    ),
    inputHash,
    months: names,
  });
  const { model } = decodeArtefact(result.artefact);
  const content = encodeArtefact({ heatPumpModel: heatpumpModel, model, card });
  const failed = result.gates.filter(({ isPassed }) => !isPassed);
  const reasons = failed.map(({ name, detail }) => `${name}: ${detail}`);
  const outcome = failed.length === 0 ? "candidate" : "refused";
  if (!isDry)
    await keepCandidate(deps.store, {
      ...{ modelId, heatpumpModel, card, outcome, reasons },
      madeAtMs: deps.clock.nowMs(),
      content: Buffer.from(content).toString("base64"),
    });
  const { installations } = result;
  return {
    modelId,
    heatpumpModel,
    outcome,
    reasons,
    leftOut,
    installations,
    readings,
    card,
    content,
  };
}

function makeCard(
  { version: software, seed }: TrainingDeps,
  { fleet, result, readings }: Finished,
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

function hashOf(deps: TrainingDeps, heatpumpModel: string, { plan, months }: LearntFleet): string {
  const hash = createHash("sha256");
  const rules = effectiveTrainingRules(deps.rules);
  hash.update(JSON.stringify([heatpumpModel, plan.planId, deps.seed, deps.version, rules]));
  for (const one of months) hash.update(one.inputHash);
  return hash.digest("hex");
}
