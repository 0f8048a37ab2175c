/**
 * What a community question costs: the mean, percentiles and every rank of one metric over a day,
 * answered from rollups under the rules of privacy, against a VictoriaMetrics of the same run that
 * holds the same readings. Both give the same figures to 1e-9, which is checked.
 *
 * The engine is filled and asked with 10,000 installations. 100,000 are measured on our side alone,
 * as is what must not grow with the fleet: the question about eligibility, and erasing.
 */
import assert from "node:assert/strict";
import { findMetric } from "#core/measurement/metrics.js";
import {
  PRIVACY_DEFAULTS,
  sortMeans,
  summariseSorted,
} from "../backend/aggregate/cohort-statistics.js";
import type { MetricAverage } from "../backend/aggregate/community.js";
import { carryOver, type Figure } from "../backend/aggregate/figure.js";
import { type CohortGrid, rankIn, toGrid } from "../backend/aggregate/rank.js";
import { computeRelease, listMembers, WINDOW_HOURS } from "../backend/aggregate/release.js";
import { HOUR_MS } from "../backend/aggregate/rollup-part.js";
import {
  decideEligibility,
  ELIGIBILITY_DEFAULTS,
} from "../backend/eligibility/decide-eligibility.js";
import { createFacts, type FactSources } from "../backend/registry/facts.js";
import { daysOfProbation } from "../backend/registry/probation.js";
import type { InstallationState } from "../backend/registry/registry.js";
import { isPeerMissing } from "../test/support/peer.js";
import { type Figures, type FilledEngine, fillEngine, SHARES } from "./community-engine.js";
import { measureErasure } from "./community-erase.js";
import { type Fleet, METRIC, MODEL, makeFleet } from "./community-fleet.js";
import { type BenchOptions, measure, median, skipCase } from "./harness.js";

const SIZES = { engine: 10_000, large: 100_000, erase: 1_000 };
const SIZES_SHORT = { engine: 200, large: 2_000, erase: 40 };
/** Small enough for the nearest cache. */
const FEW = 100;
/** Questions per figure: CPU time is counted in steps far larger than one of them. */
const RELEASES = 20;
const RELEASES_LARGE = 5;
const QUESTIONS = 200_000;
const REPEATS = 5;
/** Enough for the compiler to have settled. */
const WARM_UP = 40;
const AGREEMENT = 1e-9;
const BENCH = "community";

/** Prints one line. */
export async function run(options: BenchOptions): Promise<void> {
  const sizes = options.short ? SIZES_SHORT : SIZES;
  const name = `averages, percentiles and ranks of ${sizes.engine} installations`;
  if (isPeerMissing("victoria-metrics")) return skipCase(BENCH, name, "victoria-metrics");
  // The engine takes nothing from the future, and the newest hour is still being measured.
  const nowMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
  const engine = await fillEngine(sizes.engine, nowMs);
  try {
    const fleet = makeFleet(sizes.engine, nowMs);
    const question = prepare(fleet);
    question.warmUp();
    await compare(engine, fleet, question);
    const cheaply = await cpuOf(engine, () => engine.askCheaply());
    await measure(
      {
        bench: BENCH,
        case: name,
        unit: "ms CPU",
        better: "less",
        baseline: { name: "VictoriaMetrics", round: () => cpuOf(engine, () => engine.ask()) },
        ours: () => question.cpuMs(RELEASES),
        also: async () => ({
          ...(await measureGrowth(sizes, nowMs, options)),
          "VictoriaMetrics, cheapest query, ms CPU": rounded(cheaply),
        }),
      },
      options,
    );
  } finally {
    await engine.stop();
  }
}

/** What the question computes of a cohort at once. */
interface Told {
  readonly figure: MetricAverage;
  readonly grid: CohortGrid;
  readonly sorted: Float64Array;
}

/** The question to a fleet, as often as one likes: the steps of a release, in its order. */
function prepare(fleet: Fleet) {
  const { registry, rollups, nowMs } = fleet;
  const metric = findMetric(METRIC);
  assert.ok(metric !== undefined);
  const rules = PRIVACY_DEFAULTS;
  const daysWithData = (state: InstallationState) => daysOfProbation(state, nowMs, false);
  const to = nowMs / HOUR_MS;
  const compute = (chosen: Float64Array): Told | undefined => {
    const sorted = sortMeans(metric, chosen);
    const figure = summariseSorted(metric, sorted, rules);
    const grid = toGrid(METRIC, sorted, rules);
    return figure === undefined || grid === undefined ? undefined : { figure, grid, sorted };
  };
  const quantity = { ...metric, better: "less" } as const;
  let before: Figure<Told> | undefined;
  const ask = () => {
    const counting = { rules, daysWithData };
    const { columns, numbers } = listMembers(counting, MODEL, registry.members(MODEL));
    const values = rollups.means(0, columns, { from: to - WINDOW_HOURS, to });
    // As every day: who stands behind the figure of the release before is looked at.
    before = carryOver({ values, numbers, before, compute });
    assert.ok(before !== undefined);
    const ranks = new Uint8Array(values.length);
    for (let k = 0; k < values.length; k++) {
      ranks[k] = rankIn(before.figure.grid, values[k] ?? Number.NaN, quantity, rules);
    }
    return { ...before.figure, values, ranks };
  };
  return {
    ask,
    warmUp() {
      for (let k = 0; k < WARM_UP; k++) ask();
    },
    /** Milliseconds of CPU per question. */
    cpuMs(times: number): number {
      const from = process.cpuUsage();
      for (let k = 0; k < times; k++) ask();
      const { user, system } = process.cpuUsage(from);
      return (user + system) / 1000 / times;
    },
  };
}

/** Both answer the same. */
async function compare(
  engine: FilledEngine,
  fleet: Fleet,
  question: ReturnType<typeof prepare>,
): Promise<void> {
  const { figure, values, sorted, grid } = question.ask();
  assert.deepEqual(release(fleet), figure);
  const theirs = await engine.means();
  assert.equal(theirs.size, fleet.ids.length);
  for (const [n, id] of fleet.ids.entries()) near(theirs.get(id), values[n], id);
  for (const answer of [await engine.ask(), await engine.askCheaply()]) {
    const [, p10, p50, p90] = answer.percentiles;
    const sum = sorted.reduce((total, one) => total + one, 0);
    const ours: Figures = {
      count: sorted.length,
      mean: sum / sorted.length,
      min: sorted[0] ?? Number.NaN,
      max: sorted.at(-1) ?? Number.NaN,
      // The grid holds every fifth percent.
      percentiles: SHARES.map((share) => grid.values[Math.round(share * 20) - 1] ?? Number.NaN),
    };
    for (const key of ["count", "mean", "min", "max"] as const) near(answer[key], ours[key], key);
    for (const [k, one] of answer.percentiles.entries()) near(one, ours.percentiles[k], `p ${k}`);
    // What is published is the same, rounded.
    const published = [figure.mean, figure.p10, figure.median, figure.p90];
    for (const [k, exact] of [answer.mean, p10, p50, p90].entries()) {
      assert.ok(Math.abs((published[k] ?? Number.NaN) - (exact ?? 0)) <= 0.005 + AGREEMENT);
    }
  }
}

/** The figure as the whole release has it. */
function release({ registry, rollups, nowMs }: Fleet): MetricAverage | undefined {
  const { cohorts } = computeRelease({
    ...{ nowMs, rollups, findMetric, rules: PRIVACY_DEFAULTS },
    cohorts: [{ heatpumpModel: MODEL, members: registry.members(MODEL) }],
    daysWithData: (state) => daysOfProbation(state, nowMs, false),
  });
  return cohorts[0]?.metrics[0];
}

function near(theirs: number | undefined, ours: number | undefined, what: string): void {
  const away = Math.abs((theirs ?? Number.NaN) - (ours ?? Number.NaN));
  assert.ok(away <= AGREEMENT * Math.max(1, Math.abs(theirs ?? 0)), `${what}: ${theirs}, ${ours}`);
}

async function measureGrowth(
  sizes: typeof SIZES,
  nowMs: number,
  options: BenchOptions,
): Promise<Readonly<Record<string, number>>> {
  const repeats = options.short ? 1 : REPEATS;
  const [few, large] = [makeFleet(FEW, nowMs), makeFleet(sizes.large, nowMs)];
  const question = prepare(large);
  question.warmUp();
  const questions = options.short ? QUESTIONS / 20 : QUESTIONS;
  const [askFew, askLarge] = [prepareEligibility(few), prepareEligibility(large)];
  const took = { large: [] as number[], few: [] as number[], many: [] as number[] };
  for (let k = 0; k <= repeats; k++) {
    const [one, other] = [askFew(questions), askLarge(questions)];
    const release = question.cpuMs(RELEASES_LARGE);
    // The first round of both is for the compiler.
    if (k === 0) continue;
    took.few.push(one);
    took.many.push(other);
    took.large.push(release);
  }
  const erasure = await measureErasure(sizes.erase);
  const ratios = took.many.map((one, k) => one / (took.few[k] ?? Number.NaN));
  return {
    [`${sizes.large} installations, ms CPU`]: rounded(median(took.large)),
    [`eligibility at ${FEW}, us CPU`]: rounded(median(took.few)),
    [`eligibility at ${sizes.large}, us CPU`]: rounded(median(took.many)),
    "eligibility, times": rounded(median(ratios)),
    [`erasing one of ${sizes.erase}, ms`]: rounded(erasure.wall),
    [`erasing one of ${sizes.erase}, ms CPU`]: rounded(erasure.cpu),
  };
}

/** Asks about everybody in turn, in an order that no cache foresees. Microseconds of CPU each. */
function prepareEligibility({ registry, ids, nowMs }: Fleet): (questions: number) => number {
  const { eligibility } = createFacts({
    registry,
    nowMs: () => nowMs,
    decide: decideEligibility,
    windowDays: ELIGIBILITY_DEFAULTS.windowDays,
  } as FactSources);
  return (questions) => {
    const from = process.cpuUsage();
    for (let k = 0; k < questions; k++) {
      const { code } = eligibility(ids[(k * 7_919) % ids.length] ?? "", MODEL);
      if (code !== "CONTRIBUTING") throw new Error(`question ${k}: ${code}`);
    }
    const { user, system } = process.cpuUsage(from);
    return (user + system) / questions;
  };
}

/** Milliseconds of the engine's CPU for one question. */
async function cpuOf(engine: FilledEngine, ask: () => Promise<unknown>): Promise<number> {
  const from = engine.cpuSeconds();
  await ask();
  return (engine.cpuSeconds() - from) * 1000;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
