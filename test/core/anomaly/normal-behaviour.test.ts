/** What counts as evidence against a machine: not what it cannot do, nor what nobody has learnt. */
import { describe, expect, it } from "vitest";
import {
  CELLS_PER_DAY,
  CHANNEL_COUNT,
  type ChannelId,
  channelIndex,
} from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { endLocalDay, startLocalFit, WAIT_DAYS } from "#core/anomaly/local-fit.js";
import { readNormal } from "#core/anomaly/normal-behaviour.js";
import { type NormalModel, silentPart } from "#core/anomaly/normal-model.js";
import { startNormal } from "#core/anomaly/normal-state.js";
import { createRowBlock, MODES, rowsOf } from "#core/anomaly/operating-row.js";
import { noteRow } from "../../support/plain-normal.js";

const plan = planFor(new Set<ChannelId>(["outdoor", "flow", "return", "power", "frequency"]));
const placeOf = (id: string) => plan.parts.findIndex((part) => part.id === id);
const HEATING = MODES.indexOf("heating");

/** A model that expects constants of these parts and says nothing about others. */
function modelOf(expected: Readonly<Record<string, number>>): NormalModel {
  const parts = plan.parts.map((part, index) => {
    const silent = silentPart(plan, index);
    const constant = expected[part.id];
    if (constant === undefined) return silent;
    const beta = silent.beta.map((_, place) => (place === 0 ? constant : 0));
    return { ...silent, isUsable: true, beta, rowVariance: 0.01 };
  });
  return { plan, parts, factor: 1 };
}

type Row = Readonly<Record<string, number>>;

const USUAL: Row = { outdoor: -9, to24: -9, dayMean: -9, dayLow: -11, flow: 24, return: 20 };

/** Reads rows cell by cell for two days; the share of the limit of a part afterwards. */
function shareAfter(
  model: NormalModel,
  id: string,
  row: Row | ((cell: number) => Row),
  isCalibrating = false,
): number {
  const block = createRowBlock(2 * CELLS_PER_DAY);
  for (let cell = 0; cell < block.length; cell++) {
    block.cells[cell] = cell;
    block.modes[cell] = HEATING;
    block.steady[cell] = 1;
    // The drive has to have shown its range first.
    const shown = cell < 3 ? { frequency: 20 } : {};
    const given = typeof row === "function" ? row(cell) : row;
    for (const [id, value] of Object.entries({ ...USUAL, ...given, ...shown }))
      block.values[cell * CHANNEL_COUNT + channelIndex(id as ChannelId)] = value;
  }
  const reader = readNormal(model, startNormal(model), { isAdapting: false, isCalibrating });
  for (const one of rowsOf(block)) reader.read(one);
  return reader.shares[placeOf(id)] ?? Number.NaN;
}

describe("a machine that gives all it can", () => {
  const model = modelOf({ "heating.frequency": 90, "heating.flow": 33, "day.kw": 2.4 });
  const spent: Row = { frequency: 95, kw: 1.5 };

  it("is not ill because a day took less power than such weather asks for", () => {
    expect(shareAfter(model, "day.kw", spent)).toBe(0);
    expect(shareAfter(model, "heating.flow", spent)).toBe(0);
  });

  it("is when it took more", () => {
    expect(shareAfter(model, "day.kw", { ...spent, kw: 4.4 })).toBeGreaterThan(1);
  });

  describe("and the house that catches up with it", () => {
    const mild = modelOf({ "heating.frequency": 50, "heating.flow": 33 });
    const late = CELLS_PER_DAY + 100;
    /** A cold day at the limit, then hours in which the compressor could do more. */
    const after = (cell: number) => (cell < late ? { ...spent, flow: 24 } : CATCHING_UP);
    const CATCHING_UP: Row = { frequency: 85, flow: 26 };

    /** The same hours, where it never had to give all it can. */
    const alone = (cell: number) => (cell < 6 ? { frequency: 95, flow: 33 } : CATCHING_UP);

    it("is not ill for a day because its water is colder than the weather asks", () => {
      expect(shareAfter(mild, "heating.flow", after)).toBe(0);
      expect(shareAfter(mild, "heating.flow", alone)).toBeGreaterThan(1);
    });

    it("is looked at where limits are looked for", () => {
      expect(shareAfter(mild, "heating.flow", after, true)).toBeGreaterThan(1);
    });
  });

  it("is when it takes less power though it could give more", () => {
    const idle = modelOf({ "heating.frequency": 60, "heating.flow": 24, "day.kw": 2.4 });
    const warm: Row = { frequency: 60, kw: 0.2, flow: 24.5 };
    expect(shareAfter(idle, "day.kw", warm)).toBeGreaterThan(1);
  });
});

describe("what is expected", () => {
  it("is never less than a quantity can be: a day takes no less than no power", () => {
    const model = modelOf({ "day.kw": -0.8 });
    expect(shareAfter(model, "day.kw", { kw: 0.05 })).toBe(0);
    expect(shareAfter(model, "day.kw", { kw: 3 })).toBeGreaterThan(1);
  });
});

describe("the level of a machine", () => {
  it("is known from a day of many rows no better than from one look", () => {
    const part = { ...silentPart(plan, placeOf("off.power")), rowVariance: 0.04, isUsable: true };
    const known = { ...part, between: part.between.map(() => 1) };
    const fit = startLocalFit(known);
    const phi = Float64Array.of(1, 0, 0);
    for (let row = 0; row < 200; row++) noteRow(fit, 0, phi, 0.5, 1 / known.rowVariance);
    for (let day = 0; day <= WAIT_DAYS; day++) endLocalDay(fit, known, day);
    expect(fit.covariance[0]).toBeCloseTo(1 / (1 + 1 / 0.04), 6);
    expect(fit.deviation[0]).toBeCloseTo(0.5 * (25 / 26), 6);
  });
});
