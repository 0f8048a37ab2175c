/** In a small cohort one household must not show in what the model expects of all the others. */
import { describe, expect, it } from "vitest";
import type { ChannelId } from "#core/anomaly/channel.js";
import { planFor, toleranceOf } from "#core/anomaly/feature-plan.js";
import type { Contribution } from "#core/anomaly/normal-model.js";
import { rowsOf } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { solveNormal } from "#core/anomaly/solve-normal.js";
import {
  beginStatistics,
  learnRows,
  ROWS,
  type Statistics,
  SUMS,
} from "#core/anomaly/statistics.js";
import { boundInfluence, largestInfluence } from "../../../backend/train/bound-influence.js";
import { MADE_UP, type MadeUpMachine, madeUpCells } from "../../support/heat-pump-cells.js";

const plan = planFor(new Set<ChannelId>(MADE_UP));
const MACHINES = 15;

function contribute(
  seed: number,
  more: Partial<MadeUpMachine> = {},
  without?: string,
): Contribution<Statistics> {
  const rows = makeRows(madeUpCells({ seed, days: 20, ...more }));
  const learnt = learnRows(plan, beginStatistics(plan), rowsOf(rows));
  const sums = learnt.sums.map((part, index) =>
    plan.parts[index]?.mode === without ? part.map(() => 0) : part,
  );
  const statistics = { planId: learnt.planId, sums };
  return { installationId: `machine-${String(seed).padStart(2, "0")}`, statistics };
}

const alike = Array.from({ length: MACHINES - 1 }, (_, index) => contribute(index + 1));
/** A colder place and a warmer house than all the others'. */
const odd = contribute(99, { outdoor: -9, flowOffset: 9 });

/** Features where the fleet's context values are in the middle. */
function middleOf(of: readonly Contribution<Statistics>[], index: number, k: number): number[] {
  const total = (at: number) =>
    of.reduce((sum, { statistics }) => sum + (statistics.sums[index]?.[at] ?? 0), 0);
  const u = Array.from({ length: k }, (_, i) => total(SUMS + 1 + i) / total(ROWS));
  return [1, ...u, ...u.flatMap((left, i) => u.slice(i).map((right) => left * right))];
}

function expected(beta: Float64Array, phi: readonly number[]): number {
  return phi.reduce((sum, value, i) => sum + value * (beta[i] ?? 0), 0);
}

describe("one household", () => {
  it("that moves a model too much counts less in what it moves", () => {
    const all = [...alike, odd];
    expect(largestInfluence(plan, all)).toBeGreaterThan(1);
    const { contributions, influence, silenced } = boundInfluence(plan, all, MACHINES);
    expect(influence).toBeLessThanOrEqual(1);
    expect(largestInfluence(plan, contributions)).toBeLessThanOrEqual(1);
    const own = contributions.find(({ installationId }) => installationId === odd.installationId);
    const lighter = plan.parts.filter((_, index) => {
      const [now, before] = [own, odd].map((one) => one?.statistics.sums[index]?.[ROWS] ?? 0);
      return (now ?? 0) < (before ?? 0);
    });
    expect(lighter.length).toBeGreaterThan(0);
    expect(silenced.length).toBeLessThan(plan.parts.length / 2);
  });

  it("is not missed by more than half of what is worth a notice where the fleet lives", () => {
    const { contributions } = boundInfluence(plan, [...alike, odd], MACHINES);
    const all = solveNormal(plan, contributions);
    for (const { installationId } of contributions) {
      const rest = contributions.filter((one) => one.installationId !== installationId);
      const without = solveNormal(plan, rest);
      for (const [index, part] of plan.parts.entries()) {
        const [a, b] = [all.parts[index], without.parts[index]];
        if (part.mode === "day" || a?.isUsable !== true || b?.isUsable !== true) continue;
        const phi = middleOf(contributions, index, part.context.length);
        const [now, then] = [expected(a.beta, phi), expected(b.beta, phi)];
        expect(Math.abs(now - then)).toBeLessThanOrEqual(toleranceOf(part, now) / 2);
      }
    }
  });

  it("counts in full where nobody moves anything", () => {
    const many = Array.from({ length: 24 }, (_, index) => contribute(index + 1));
    expect(largestInfluence(plan, many)).toBeLessThanOrEqual(1);
    const { contributions, silenced } = boundInfluence(plan, many, MACHINES);
    expect(contributions).toEqual(many);
    expect(silenced).toEqual([]);
  });
});

describe("a part", () => {
  it("that fewer stand behind than a publication needs is silent", () => {
    const some = alike.map((one, index) =>
      index < 5 ? contribute(index + 1, {}, "hot_water") : one,
    );
    const { contributions, silenced } = boundInfluence(plan, some, MACHINES - 1);
    const water = plan.parts.filter(({ mode }) => mode === "hot_water").map(({ id }) => id);
    expect(silenced).toEqual(expect.arrayContaining(water));
    const model = solveNormal(plan, contributions);
    for (const [index, { id }] of plan.parts.entries())
      if (water.includes(id)) expect(model.parts[index]?.isUsable).toBe(false);
  });
});
