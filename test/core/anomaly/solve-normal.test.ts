/** From sums to a relation: nobody holds it alone, and one machine's level is nobody else's. */
import { describe, expect, it } from "vitest";
import { CHANNEL_COUNT, type ChannelId, channelIndex } from "#core/anomaly/channel.js";
import { namePlan } from "#core/anomaly/feature-plan.js";
import { createRowBlock, MODES, rowsOf } from "#core/anomaly/operating-row.js";
import { offsetsOf, solveNormal } from "#core/anomaly/solve-normal.js";
import { beginStatistics, learnRows } from "#core/anomaly/statistics.js";
import { trimAround } from "#core/anomaly/trim.js";

/** `power = 1 + 0.5 u` of the outdoor temperature in spreads. */
const plan = namePlan([
  {
    ...{ id: "heating.power", mode: "heating", target: "power", context: ["outdoor"] as const },
    ...{ tolerance: 0.1, percent: 0, house: false },
  },
]);
const DAY = 288;

interface House {
  readonly days: number;
  readonly slope?: number;
  readonly level?: number;
  readonly noise?: number;
}

function rowsOfHouse({ days, slope = 0.5, level = 1, noise = 0.02 }: House) {
  const block = createRowBlock(days * DAY);
  const set = (row: number, id: ChannelId, value: number) => {
    block.values[row * CHANNEL_COUNT + channelIndex(id)] = value;
  };
  for (let row = 0; row < block.length; row++) {
    // Every day says the same, so that a house weighs what its days weigh.
    const u = Math.sin((2 * Math.PI * row) / 96) + Math.sin((2 * Math.PI * row) / DAY);
    block.cells[row] = 20_000 * DAY + row;
    block.modes[row] = MODES.indexOf("heating");
    block.steady[row] = 1;
    set(row, "outdoor", 5 + 8 * u);
    set(row, "power", level + slope * u + noise * ((row * 7919) % 13 > 6 ? 1 : -1));
  }
  return block;
}

const contribution = (installationId: string, house: House) => ({
  installationId,
  statistics: learnRows(plan, beginStatistics(plan), rowsOf(rowsOfHouse(house))),
});
const slopeOf = (houses: readonly House[]) =>
  solveNormal(
    plan,
    houses.map((house, index) => contribution(`house-${index}`, house)),
  ).parts[0]?.beta[1] ?? Number.NaN;

describe("a relation", () => {
  it("is found, whatever level each house has", () => {
    const houses = [0.7, 1, 1.4].map((level) => ({ days: 6, level }));
    expect(slopeOf(houses)).toBeCloseTo(0.5, 2);
    const all = houses.map((house, index) => contribution(`house-${index}`, house));
    const model = solveNormal(plan, all);
    const levels = all.map(({ statistics }) => offsetsOf(model, statistics)[0] ?? Number.NaN);
    expect((levels[2] ?? 0) - (levels[0] ?? 0)).toBeCloseTo(0.7, 2);
  });

  it("does not depend on the order in which houses come", () => {
    const all = [3, 5, 4].map((days, index) => contribution(`house-${index}`, { days }));
    expect(solveNormal(plan, [...all].reverse())).toEqual(solveNormal(plan, all));
  });

  it("is held by nobody to more than 15 %, however much one sends", () => {
    const others = Array.from({ length: 19 }, () => ({ days: 4 }));
    const share = (days: number) => (slopeOf([...others, { days, slope: 1.5 }]) - 0.5) / 1;
    // Of 20 alike each holds a twentieth; of ten times as much no more than 15 % counts.
    expect(share(4)).toBeCloseTo(0.05, 2);
    expect(share(40)).toBeGreaterThan(0.12);
    expect(share(40)).toBeLessThan(0.18);
  });

  it("of few is held by nobody to more than half as much again as an equal share", () => {
    const share = slopeOf([{ days: 4 }, { days: 4 }, { days: 40, slope: 1.5 }]) - 0.5;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  });

  it("says nothing after two days, or less than 60 rows", () => {
    const usable = (house: House) =>
      solveNormal(plan, [contribution("a", house)]).parts[0]?.isUsable;
    expect([usable({ days: 2 }), usable({ days: 3 })]).toEqual([false, true]);
  });
});

describe("rows far from the machine's own level", () => {
  it("are not learnt: three deviations, or one and a half of what is worth a notice", () => {
    const own = contribution("a", { days: 6, level: 1.3 });
    const model = solveNormal(plan, [own]);
    const filter = trimAround(model, own.statistics);
    const phi = Float64Array.of(1, 0, 0);
    const isLearnt = (power: number) => filter(0, phi, power, 0);
    // The noise of 0.02 is less than half of the tolerance of 0.1.
    expect([1.13, 1.17, 1.3, 1.43, 1.47].map(isLearnt)).toEqual([false, true, true, true, false]);
  });

  it("are those of a wild hour: the level stays what it was", () => {
    const house = rowsOfHouse({ days: 6 });
    const clean = learnRows(plan, beginStatistics(plan), rowsOf(house));
    for (let row = 600; row < 612; row++)
      house.values[row * CHANNEL_COUNT + channelIndex("power")] = 55;
    const wild = learnRows(plan, beginStatistics(plan), rowsOf(house));
    const usual = solveNormal(plan, [{ installationId: "a", statistics: clean }]);
    const again = learnRows(plan, beginStatistics(plan), rowsOf(house), trimAround(usual, clean));
    const level = (of: typeof clean) => offsetsOf(usual, of)[0] ?? Number.NaN;
    expect(Math.abs(level(wild))).toBeGreaterThan(0.3);
    expect(Math.abs(level(again))).toBeLessThan(0.001);
  });
});
