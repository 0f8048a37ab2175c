/**
 * Scoring is written for speed: one block of numbers, loops without calls, the usual shapes of
 * parts written out, and no leverage where a row is certainly within reach. None of that may be
 * seen in a result, so every number is compared with that of the plain formulas.
 */
import { describe, expect, it } from "vitest";
import { CHANNEL_COUNT, CHANNELS, type ChannelId, channelAt } from "#core/anomaly/channel.js";
import { type FeaturePlan, planFor } from "#core/anomaly/feature-plan.js";
import { featureCount, localCount } from "#core/anomaly/features.js";
import { readNormal } from "#core/anomaly/normal-behaviour.js";
import { type NormalModel, type PartModel, roundPart } from "#core/anomaly/normal-model.js";
import { startNormal } from "#core/anomaly/normal-state.js";
import { createRowBlock, MODES, type RowBlock, rowsOf } from "#core/anomaly/operating-row.js";
import { createRandom } from "../../support/chance.js";
import { readPlainly } from "../../support/plain-normal.js";

const everything = new Set(CHANNELS.map(({ id }) => id));
const few: ReadonlySet<ChannelId> = new Set(["outdoor", "flow", "return", "power"]);
const PLANS: Readonly<Record<string, FeaturePlan>> = {
  electric: planFor(everything),
  refrigerant: planFor(everything, { kind: "refrigerant" }),
  "one running mode": planFor(everything, { oneRunningMode: true }),
  "few channels": planFor(few),
};

/** Numbers between -1 and 1. */
type Noise = () => number;

/** A model of chance: its leverages are positive definite and reach about as far as rows go. */
function randomModel(plan: FeaturePlan, noise: Noise): NormalModel {
  const parts = plan.parts.map((part): PartModel => {
    const size = featureCount(part);
    const numbers = (count: number, of: Noise) => Float64Array.from({ length: count }, of);
    return roundPart({
      isUsable: noise() > -0.9,
      beta: numbers(size, () => noise() * 3),
      rowVariance: 0.5 + Math.abs(noise()),
      dayVariance: 0.2 * Math.abs(noise()),
      psi: 1 + Math.abs(noise()),
      rho: 0.5 + 0.4 * noise(),
      between: numbers(localCount(part), () => 0.1 + Math.abs(noise())),
      leverage: leverageOf(size, noise),
      ...{ limitFast: 2 + noise(), limitSlow: 2 + noise() },
    });
  });
  return { plan, parts, factor: 1.25 };
}

/** L L', packed, off-diagonals doubled: alike for the parts of a plan, but for a little. */
function leverageOf(size: number, noise: Noise): Float64Array {
  const lower = Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    if (row === column) return 1 + 0.1 * noise();
    return column < row ? 0.2 * Math.sin(at) + 0.02 * noise() : 0;
  });
  const packed: number[] = [];
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += (lower[i * size + k] ?? 0) * (lower[j * size + k] ?? 0);
      packed.push(sum * (i === j ? 1 : 2));
    }
  return Float64Array.from(packed);
}

/** Rows of chance in any mode, with gaps, absent values and values that are none. */
function randomRows(count: number, noise: Noise): RowBlock {
  const block = createRowBlock(count);
  let cell = 5_788_800;
  let mode = 1;
  for (let row = 0; row < count; row++) {
    cell += gapOf(noise());
    if (noise() > 0.8) mode = Math.floor(((noise() + 1) / 2) * MODES.length);
    block.cells[row] = cell;
    block.modes[row] = mode;
    block.steady[row] = noise() > -0.9 ? 1 : 0;
    const wild = noise() > 0.8 ? 6 : 1;
    for (let channel = 0; channel < CHANNEL_COUNT; channel++) {
      const { centre, spread } = channelAt(channel);
      const at = row * CHANNEL_COUNT + channel;
      block.values[at] = noise() > 0.97 ? Number.NaN : centre + wild * spread * noise();
      if (noise() > 0.998) block.values[at] = 1e9 * noise();
    }
  }
  return block;
}

/** Mostly the next cell; now and then hours or more than the three days that are remembered. */
function gapOf(chance: number): number {
  if (chance > 0.995) return 1000;
  return chance > 0.98 ? 60 : 1;
}

/** Where both readers differ first; empty when nowhere. */
function differenceOf(plain: unknown, ours: unknown, path: string): string {
  if (typeof plain !== "object" || plain === null)
    return Object.is(plain, ours) ? "" : `${path}: ${String(plain)}, not ${String(ours)}`;
  for (const [key, value] of Object.entries(plain)) {
    const other = (ours as Readonly<Record<string, unknown>>)[key];
    const found = differenceOf(value, other, `${path}.${key}`);
    if (found !== "") return found;
  }
  return "";
}

describe("a reader comes to what the plain formulas come to", () => {
  it.each(Object.keys(PLANS))("with a plan of %s", (name) => {
    const random = createRandom(name.length);
    const noise = () => 2 * random() - 1;
    const plan = PLANS[name] ?? planFor(few);
    let seen = 0;
    for (let round = 0; round < 2; round++) {
      const model = randomModel(plan, noise);
      const newUntil = 5_789_800;
      const ours = readNormal(model, startNormal(model), { newUntil });
      const plain = readPlainly(model, startNormal(model), newUntil);
      let next = 0;
      for (const row of rowsOf(randomRows(1000, noise))) {
        ours.read(row);
        plain.read(row);
        const { score, shares, fastShares, residuals } = plain;
        const found = differenceOf({ score, shares, fastShares, residuals }, ours, `row ${next}`);
        expect(found).toBe("");
        if (next % 400 === 399) {
          expect(differenceOf(plain.state(), ours.state(), `row ${next}`)).toBe("");
          plain.distrust();
          ours.distrust();
        }
        next++;
      }
      seen += plain.state().rowsOutOfReach;
    }
    expect(seen).toBeGreaterThan(0);
  });

  it("has taken in every row that waited when it tells its state, after however many", () => {
    const random = createRandom(11);
    const noise = () => 2 * random() - 1;
    const model = randomModel(planFor(everything), noise);
    const rows = randomRows(600, noise);
    rows.modes.fill(MODES.indexOf("heating"));
    rows.steady.fill(1);
    const ours = readNormal(model, startNormal(model));
    const plain = readPlainly(model, startNormal(model));
    // In between more rows pass than wait at most, and fewer.
    const asked = new Set([0, 1, 32, 33, 65, 200, 599]);
    let next = 0;
    for (const row of rowsOf(rows)) {
      ours.read(row);
      plain.read(row);
      if (asked.has(next))
        expect(differenceOf(plain.state(), ours.state(), `row ${next}`)).toBe("");
      next++;
    }
  });

  it("goes on from a state as if it had never stopped", () => {
    const random = createRandom(5);
    const noise = () => 2 * random() - 1;
    const model = randomModel(planFor(everything), noise);
    const rows = randomRows(250, noise);
    const atOnce = readNormal(model, startNormal(model));
    let state = startNormal(model);
    for (const row of rowsOf(rows)) {
      atOnce.read(row);
      const reader = readNormal(model, state);
      reader.read(row);
      state = reader.state();
    }
    expect(differenceOf(atOnce.state(), state, "state")).toBe("");
  });
});
