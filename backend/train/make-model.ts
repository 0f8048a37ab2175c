/**
 * From sums and some held-out readings to a judged model: clean, solve, calibrate, evaluate, gate.
 * Depends on its arguments alone; it runs in a worker thread, since it takes minutes of arithmetic.
 */
import { decodeArtefact, encodeArtefact } from "#core/anomaly/artefact.js";
import { calibrateNormal, type HeldOut } from "#core/anomaly/calibrate-normal.js";
import type { ChannelId } from "#core/anomaly/channel.js";
import { FAULTS } from "#core/anomaly/fault-table.js";
import { type FeaturePlan, planFor } from "#core/anomaly/feature-plan.js";
import { type Contribution, type NormalModel, numbersOf } from "#core/anomaly/normal-model.js";
import { createRowBlock } from "#core/anomaly/operating-row.js";
import { canShow } from "#core/anomaly/right-parts.js";
import { passesSelfTest } from "#core/anomaly/self-test.js";
import { solveNormal } from "#core/anomaly/solve-normal.js";
import type { Statistics } from "#core/anomaly/statistics.js";
import { type Bounded, boundInfluence, largestInfluence } from "./bound-influence.js";
import { cleanFleet, type Outlier } from "./clean-fleet.js";
import { type Figures, figuresOf, noTally, tallyFaults, tallyHealthy } from "./evaluate.js";
import { judgeLabelled } from "./evaluate-labelled.js";
import { cleanRows, type DeviceBlocks, gridDevice } from "./fit-month.js";
import { type Gate, judgeGates } from "./gate.js";
import type { LabelledMachine } from "./labelled-sets.js";
import { PUBLISH_FLOOR } from "./select.js";

/** Readings of one installation that limits and figures come from. */
export interface Sample {
  readonly installationId: string;
  readonly device: DeviceBlocks;
  readonly fromDay: number;
  readonly toDay: number;
}

/** All that a model is made of. */
export interface ModelTask {
  readonly heatpumpModel: string;
  readonly channels: readonly ChannelId[];
  readonly contributions: readonly Contribution<Statistics>[];
  readonly samples: readonly Sample[];
  /** Content of the published model; left out: there is none. */
  readonly published: Uint8Array | undefined;
  readonly publishInstallationsMin: number;
  readonly closedTestPool: boolean;
  /** Recordings with known faults that it is tried on; left out: there are none. */
  readonly labelled?: readonly LabelledMachine[];
}

/** A model and the judgement on it. */
export interface ModelResult {
  /** Without a card. */
  readonly artefact: Uint8Array;
  readonly installations: number;
  readonly outliers: readonly Outlier[];
  readonly figures: Figures;
  readonly publishedFigures: Figures | undefined;
  readonly influence: number;
  readonly gates: readonly Gate[];
  /** Parts that would be about single households. */
  readonly silenced: readonly string[];
  readonly silentParts: readonly string[];
  /** What it was not judged by, for its card. */
  readonly unjudged: readonly string[];
}

/** Machines that faults are put into; every other one only says how often it would be disturbed. */
const FAULTY_MACHINES = 3;
/** Healthy machines that false alarms are counted on. */
const HEALTHY_MACHINES = 12;

/** Makes a model of the given sums. */
export function makeModel(task: ModelTask): ModelResult {
  const plan = planFor(new Set(task.channels));
  const { kept, outliers } = cleanFleet(plan, task.contributions);
  const { contributions, influence, silenced } = bound(plan, kept, task);
  const model = calibrate(plan, contributions, task.samples);
  const published = readPublished(task.published);
  const judged = evaluate(plan, model, contributions, task.samples, published);
  const { labelled: recordings = [] } = task;
  const tryOn = (one: NormalModel | undefined) =>
    one === undefined || recordings.length === 0 ? undefined : judgeLabelled(one, recordings);
  const labelled = tryOn(model);
  const publishedLabelled = tryOn(published);
  const artefact = encodeArtefact({ heatPumpModel: task.heatpumpModel, model });
  const gates = judgeGates({
    installations: contributions.length,
    publishInstallationsMin: task.publishInstallationsMin,
    closedTestPool: task.closedTestPool,
    figures: judged.figures,
    published: judged.published,
    ...{ labelled, publishedLabelled },
    influence,
    isFinite: isFiniteModel(model),
    worksDecoded: passesSelfTest(decodeArtefact(artefact).model),
    usableParts: model.parts.filter(({ isUsable }) => isUsable).length,
  });
  return {
    artefact,
    installations: contributions.length,
    outliers,
    figures: judged.figures,
    publishedFigures: judged.published,
    influence: Math.round(influence * 1e3) / 1e3,
    gates,
    silenced,
    unjudged: [
      ...listUnjudged(plan, judged.cutShort, labelled !== undefined),
      ...aboutLabelled("This model", labelled),
      ...aboutLabelled("The published one", publishedLabelled),
    ],
    silentParts: plan.parts.flatMap(({ id }, index) =>
      model.parts[index]?.isUsable === true ? [] : [id],
    ),
  };
}

/** In a closed test pool everybody knows everybody: nothing is bounded, only measured. */
function bound(
  plan: FeaturePlan,
  kept: readonly Contribution<Statistics>[],
  { closedTestPool, publishInstallationsMin }: ModelTask,
): Bounded {
  if (!closedTestPool)
    return boundInfluence(plan, kept, Math.min(publishInstallationsMin, PUBLISH_FLOOR));
  return { contributions: kept, influence: largestInfluence(plan, kept), silenced: [] };
}

function calibrate(
  plan: FeaturePlan,
  contributions: readonly Contribution<Statistics>[],
  samples: readonly Sample[],
): NormalModel {
  const none = createRowBlock(0);
  const held = contributions.map((one): HeldOut => {
    const sample = samples.find(({ installationId }) => installationId === one.installationId);
    if (sample === undefined) return { ...one, rows: none };
    // Made again at each look: the rows of all samples together are more than a worker may hold.
    return {
      ...one,
      get rows() {
        return cleanRows(gridOf(sample)).rows;
      },
    };
  });
  return calibrateNormal(plan, held);
}

interface Judged {
  readonly figures: Figures;
  readonly published: Figures | undefined;
  readonly cutShort: number;
}

function evaluate(
  plan: FeaturePlan,
  model: NormalModel,
  contributions: readonly Contribution<Statistics>[],
  samples: readonly Sample[],
  published: NormalModel | undefined,
): Judged {
  const ids = new Set(contributions.map(({ installationId }) => installationId));
  const known = samples.filter(({ installationId }) => ids.has(installationId));
  const tallies = [noTally(), noTally()] as const;
  for (const [place, sample] of known.slice(0, HEALTHY_MACHINES).entries()) {
    const rest = contributions.filter((one) => one.installationId !== sample.installationId);
    const own = withLimitsOf(model, solveNormal(plan, rest));
    const models = published === undefined ? [own] : [own, published];
    const grid = gridOf(sample);
    for (const [index, judge] of models.entries()) {
      const tally = tallies[index];
      if (tally !== undefined) tallyHealthy(tally, judge, grid);
    }
    if (place < FAULTY_MACHINES) tallyFaults(tallies, { place, grid, models });
  }
  return {
    figures: figuresOf(tallies[0]),
    published: published === undefined ? undefined : figuresOf(tallies[1]),
    cutShort: tallies[0].cutShort,
  };
}

/** Said plainly, because a figure tells nothing about what it leaves out. */
function listUnjudged(plan: FeaturePlan, cutShort: number, isLabelled: boolean): readonly string[] {
  const unseen = FAULTS.filter(({ fault }) => !canShow(fault, plan.parts));
  return [
    isLabelled
      ? "Not judged by faults that owners confirmed or by a simulated machine."
      : "Not judged by faults that owners confirmed, by labelled recordings or by a simulated machine.",
    ...(unseen.length === 0
      ? []
      : [
          `Not tried, its channels cannot show them: ${unseen.map(({ fault }) => fault).join(", ")}.`,
        ]),
    ...(cutShort === 0
      ? []
      : [`${cutShort} of the injected faults were cut short by the recording.`]),
  ];
}

/** What the recordings of the operator say of a model. */
function aboutLabelled(whose: string, figures: Figures | undefined): readonly string[] {
  if (figures === undefined) return [];
  const { events, recall, topTwo, falseAlarmsPerMonth, machineMonths } = figures;
  return [
    `${whose} on labelled recordings: recall ${recall} of ${events} events, right part ${topTwo}, ` +
      `${falseAlarmsPerMonth} false alarms a month in ${machineMonths}.`,
  ];
}

/** A model that has not seen a machine, with the limits that everybody will have. */
function withLimitsOf(limits: NormalModel, model: NormalModel): NormalModel {
  const parts = model.parts.map((part, index) => {
    const { limitFast, limitSlow } = limits.parts[index] ?? part;
    return { ...part, limitFast, limitSlow };
  });
  return { ...model, parts, factor: limits.factor };
}

function gridOf({ device, fromDay, toDay }: Sample) {
  return gridDevice(device, fromDay, toDay).grid;
}

/** What cannot be read is compared with nothing. */
function readPublished(bytes: Uint8Array | undefined): NormalModel | undefined {
  if (bytes === undefined) return undefined;
  try {
    return decodeArtefact(bytes).model;
  } catch {
    return undefined;
  }
}

function isFiniteModel({ parts, factor }: NormalModel): boolean {
  const numbers = parts.flatMap(numbersOf);
  return [factor, ...numbers].every(Number.isFinite);
}
