/**
 * What a published model tells about one household (A20). An attacker reads every release, knows
 * where the household's machine was run, and has planted or guessed what is unusual about it. What is
 * published is made as for a real release, and compared at the rows that machines really had.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { decodeArtefact, encodeArtefact } from "#core/anomaly/artefact.js";
import { CHANNEL_COUNT, type ChannelId, channelIndex } from "#core/anomaly/channel.js";
import { planFor, toleranceOf } from "#core/anomaly/feature-plan.js";
import { type Contribution, type NormalModel, numbersOf } from "#core/anomaly/normal-model.js";
import { rowsOf } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { solveNormal } from "#core/anomaly/solve-normal.js";
import { beginStatistics, learnRows, ROWS, type Statistics } from "#core/anomaly/statistics.js";
import { boundInfluence } from "../../backend/train/bound-influence.js";
import { cleanFleet } from "../../backend/train/clean-fleet.js";
import { MADE_UP, type MadeUpMachine, madeUpCells } from "../support/heat-pump-cells.js";

const plan = planFor(new Set<ChannelId>(MADE_UP));
/** The least that a publication wants. */
const FLOOR = 15;
const LONG_MS = 300_000;
/** Of each machine and part; they lie close together. */
const POINTS_MAX = 60;
const STRIDE = 37;
/** A reading that nobody else has. */
const CANARY = 63.217;
/** How much warmer the one house runs than all others. */
const SECRET_K = 9;

/** One household: what it contributes, and where its machine was run. */
interface House extends Contribution<Statistics> {
  /** Features and target of some of its rows, by part. */
  readonly points: readonly { readonly phi: Float64Array; readonly target: number }[][];
}

function house(seed: number, more: Partial<MadeUpMachine> = {}, hasCanary = false): House {
  const cells = madeUpCells({ seed, days: 20, ...more });
  // Two hours in the middle of it.
  if (hasCanary)
    for (let cell = 2_000; cell < 2_024; cell++)
      cells.values[cell * CHANNEL_COUNT + channelIndex("flow")] = CANARY;
  const points: House["points"] = plan.parts.map(() => []);
  const seen = plan.parts.map(() => 0);
  const statistics = learnRows(
    plan,
    beginStatistics(plan),
    rowsOf(makeRows(cells)),
    (part, phi, target) => {
      const count = (seen[part] ?? 0) + 1;
      seen[part] = count;
      if (count % STRIDE === 0 && (points[part]?.length ?? 0) < POINTS_MAX)
        points[part]?.push({ phi: phi.slice(), target });
      return true;
    },
  );
  const installationId = `00000000-0000-4000-8000-${String(seed).padStart(12, "0")}`;
  return { installationId, statistics, points };
}

/** What everybody can read. */
function publish(fleet: readonly House[], isBound = true): { bytes: Buffer; model: NormalModel } {
  const { kept } = cleanFleet(plan, fleet);
  const of = isBound ? boundInfluence(plan, kept, FLOOR).contributions : kept;
  const model = solveNormal(plan, of);
  const bytes = Buffer.from(encodeArtefact({ heatPumpModel: "acme/air-9", model }));
  return { bytes, model: decodeArtefact(bytes).model };
}

const expectedAt = (beta: Float64Array, phi: Float64Array) =>
  beta.reduce((sum, value, i) => sum + value * (phi[i] ?? 0), 0);

/** Where nine of ten rows of the fleet lie, in every context of a part. */
function rangeOf(fleet: readonly House[], part: number): (phi: Float64Array) => boolean {
  const size = 1 + (plan.parts[part]?.context.length ?? 0);
  const all = fleet.flatMap(({ points }) => points[part] ?? []);
  const edges = Array.from({ length: size }, (_, i) => {
    const sorted = all.map(({ phi }) => phi[i] ?? 0).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return [at(0.05), at(0.95)] as const;
  });
  return (phi) => edges.every(([low, high], i) => (phi[i] ?? 0) >= low && (phi[i] ?? 0) <= high);
}

/** Largest change of what is expected, in tolerances, at rows that the fleet really had. */
function changeBetween(a: NormalModel, b: NormalModel, fleet: readonly House[]): number {
  let most = 0;
  for (const [index, part] of plan.parts.entries()) {
    const [now, then] = [a.parts[index], b.parts[index]];
    if (part.mode === "day" || now?.isUsable !== true || then?.isUsable !== true) continue;
    const isWithin = rangeOf(fleet, index);
    for (const { phi } of fleet.flatMap(({ points }) => points[index] ?? [])) {
      if (!isWithin(phi)) continue;
      const expected = expectedAt(now.beta, phi);
      const change = Math.abs(expected - expectedAt(then.beta, phi));
      most = Math.max(most, change / toleranceOf(part, expected));
    }
  }
  return most;
}

/**
 * How much of what sets a household apart can be read out of the model by who knows where its machine
 * was run: how far the model moved towards it, in tolerances, and as a share of the way.
 */
function recovered(now: NormalModel, without: NormalModel, one: House) {
  return plan.parts.flatMap((part, index) => {
    const [a, b] = [now.parts[index], without.parts[index]];
    const points = one.points[index] ?? [];
    if (points.length === 0 || a?.isUsable !== true || b?.isUsable !== true) return [];
    let [along, square, apart] = [0, 0, 0];
    for (const { phi, target } of points) {
      const before = expectedAt(b.beta, phi);
      const way = target - before;
      along += (expectedAt(a.beta, phi) - before) * way;
      square += way * way;
      apart += Math.abs(way) / toleranceOf(part, before);
    }
    const share = square === 0 ? 0 : along / square;
    const tolerances = apart / points.length;
    return [{ id: part.id, share, tolerances, given: share * tolerances }];
  });
}

/** Another climate and another supply temperature each, as houses have. */
const various = (seed: number) =>
  house(seed, { outdoor: 3 + ((seed % 5) - 2) * 1.5, flowOffset: ((seed % 7) - 3) * 0.8 });

describe("a published model", () => {
  let ordinary: House[] = [];
  let odd: House;
  let fleet: House[] = [];
  beforeAll(() => {
    ordinary = Array.from({ length: FLOOR }, (_, index) => various(index));
    odd = house(99, { outdoor: -3, flowOffset: SECRET_K }, true);
    fleet = [...ordinary, odd];
  }, LONG_MS);

  it(
    "does not show whether a household is in it, and would if nobody's influence were bounded",
    () => {
      const all = publish(fleet).model;
      for (const one of [odd, ...ordinary.slice(0, 5)]) {
        const rest = publish(fleet.filter((other) => other !== one)).model;
        expect(changeBetween(all, rest, fleet), one.installationId).toBeLessThan(1);
      }
      const [raw, without] = [publish(fleet, false).model, publish(ordinary, false).model];
      expect(changeBetween(raw, without, fleet)).toBeGreaterThan(1);
    },
    LONG_MS,
  );

  it("gives less than half of what is worth a notice away of what sets one apart", () => {
    const told = recovered(publish(fleet).model, publish(ordinary).model, odd);
    for (const { id, given } of told) expect(given, id).toBeLessThan(0.5);
    const secrets = told.filter(({ tolerances }) => tolerances > 1.5);
    expect(secrets.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["heating.flow", "heating.return"]),
    );
    for (const { id, share } of secrets) expect(share, id).toBeLessThan(0.1);
  });

  it("is to the byte the same with and without a household that is alone in its place", () => {
    const alike = Array.from({ length: FLOOR }, (_, index) => house(index + 1));
    expect(publish([...alike, odd]).bytes.equals(publish(alike).bytes)).toBe(true);
  });

  it("holds no id, no reading and no figure of one household", () => {
    const { bytes, model } = publish(fleet);
    const canary = Buffer.alloc(12);
    canary.writeFloatLE(CANARY, 0);
    canary.writeDoubleLE(CANARY, 4);
    for (const needle of [String(CANARY), canary.subarray(0, 4), canary.subarray(4)])
      expect(bytes.includes(needle)).toBe(false);
    for (const { installationId } of fleet) expect(bytes.includes(installationId)).toBe(false);
    const numbers = model.parts.filter(({ isUsable }) => isUsable).flatMap(numbersOf);
    const published = new Set(numbers.filter((one) => Math.abs(one) > 1e-6).map(Math.fround));
    expect(published.size).toBeGreaterThan(200);
    for (const { statistics } of fleet)
      for (const sums of statistics.sums)
        for (const sum of sums) {
          const mean = sum / Math.max(1, sums[ROWS] ?? 1);
          const shown = [sum, mean].filter((one) => Math.abs(one) > 1e-6 && !Number.isInteger(one));
          expect(shown.some((one) => published.has(Math.fround(one)))).toBe(false);
        }
  });
});
