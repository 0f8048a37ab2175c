/**
 * Learning from the house's own rows: when there is enough, from which days, and in slices so short
 * that polling does not notice.
 */
import { LOCAL_DAYS_MIN } from "#core/anomaly/calibrate-local.js";
import type { ChannelId } from "#core/anomaly/channel.js";
import { isPlanPossible, planFor } from "#core/anomaly/feature-plan.js";
import { learnLocalSteps } from "#core/anomaly/learn-local.js";
import { createRowBlock, MODES } from "#core/anomaly/operating-row.js";
import type { LearntModel } from "./local-model.js";
import type { DayFacts, RowStore } from "./row-store.js";

/** What learning works with. */
export interface LearningParts {
  readonly rows: RowStore;
  readonly monotonicMs: () => number;
  /** Lets everything else go first. */
  readonly pause: () => Promise<void>;
}

/** When a device learns. */
export interface LearningRules {
  /** Days before the first model. */
  readonly daysMin: number;
}

/** Three weeks of one season are the least. */
export const LEARN_DAYS_MIN = LOCAL_DAYS_MIN;
/** Of them, this many steady rows of one mode: more than a day of running. */
const STEADY_ROWS_MIN = 300;
const RELEARN_DAYS = 28;
/** Days colder or warmer than all that was learnt: a season began. */
const NEW_SEASON_DAYS = 14;
const NEW_SEASON_K = 1;
/** What happened lately may be a fault that nobody has noticed yet. */
const YOUNG_DAYS = 7;
/** Days around an unusual one may be part of it. */
const AROUND_DAYS = 2;
const UNUSUAL_SCORE = 0.8;
/** A slice of learning; a Pi polls meanwhile. */
const SLICE_MS = 10;
const RUNNING = MODES.indexOf("running");

/** Whether it is time to learn. */
export function isLearningDue(
  days: readonly DayFacts[],
  current: Pick<LearntModel, "lastDay" | "coldest" | "warmest"> | undefined,
  rules: LearningRules,
): boolean {
  if (current === undefined) return days.length >= rules.daysMin && hasEnough(days);
  const since = days.filter(({ day }) => day > current.lastDay);
  const fresh = since.filter(({ day }) => day <= (days.at(-1)?.day ?? 0) - YOUNG_DAYS);
  const isOutside = ({ outdoorMean }: DayFacts) =>
    outdoorMean !== undefined &&
    (outdoorMean < current.coldest - NEW_SEASON_K || outdoorMean > current.warmest + NEW_SEASON_K);
  return fresh.length >= RELEARN_DAYS || fresh.filter(isOutside).length >= NEW_SEASON_DAYS;
}

/** The days that may be learnt; for the first model all there are. */
export function daysToLearn(days: readonly DayFacts[], isFirst: boolean): readonly DayFacts[] {
  if (isFirst) return days;
  const newest = days.at(-1)?.day ?? 0;
  const unusual = days.filter(({ scoreMax }) => scoreMax > UNUSUAL_SCORE).map(({ day }) => day);
  return days.filter(
    ({ day }) =>
      day <= newest - YOUNG_DAYS && unusual.every((one) => Math.abs(one - day) > AROUND_DAYS),
  );
}

function hasEnough(days: readonly DayFacts[]): boolean {
  return days.reduce((sum, { steadyRows }) => sum + steadyRows, 0) >= STEADY_ROWS_MIN;
}

/** Learns; `undefined`: the days or the channels do not suffice. */
export async function learnFromRows(
  parts: LearningParts,
  of: {
    readonly deviceId: string;
    readonly heatPumpModel: string;
    readonly available: ReadonlySet<ChannelId>;
    readonly days: readonly DayFacts[];
  },
  signal: AbortSignal,
): Promise<LearntModel | undefined> {
  const { days, available, deviceId } = of;
  if (!isPlanPossible(available) || !hasEnough(days)) return undefined;
  const last = days.at(-1);
  if (last === undefined) return undefined;
  const newest = await parts.rows.read(deviceId, last.day);
  const plan = planFor(available, { oneRunningMode: newest?.modes.includes(RUNNING) === true });
  const steps = learnLocalSteps(
    plan,
    days.map(({ day }) => day),
  );
  const nothing = createRowBlock(0);
  let begunMs = parts.monotonicMs();
  for (let step = steps.next(nothing); ; ) {
    if (step.done === true) {
      const artefact = { heatPumpModel: of.heatPumpModel, ...step.value };
      return { artefact, ...factsOf(days, last.day) };
    }
    if (signal.aborted) return undefined;
    if (step.value === undefined || parts.monotonicMs() - begunMs >= SLICE_MS) {
      await parts.pause();
      begunMs = parts.monotonicMs();
    }
    const rows = step.value === undefined ? nothing : await parts.rows.read(deviceId, step.value);
    step = steps.next(rows ?? nothing);
  }
}

function factsOf(days: readonly DayFacts[], lastDay: number): Omit<LearntModel, "artefact"> {
  const means = days.flatMap(({ outdoorMean }) => outdoorMean ?? []);
  return {
    learnedUntil: new Date(lastDay * 86_400_000).toISOString().slice(0, 10),
    lastDay,
    days: days.length,
    coldest: Math.min(...means),
    warmest: Math.max(...means),
  };
}
