/** Context values as every house computes them: fixed scales, or sums of two houses would not add up. */
import { describe, expect, it } from "vitest";
import { CHANNEL_COUNT, type ChannelId, channelIndex } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { compilePlan, FEATURES_MAX, fillFeatures } from "#core/anomaly/features.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { MADE_UP } from "../../support/heat-pump-cells.js";

const compiled = compilePlan(planFor(new Set(MADE_UP)));
const heating = compiled.byMode[MODES.indexOf("heating")] ?? [];

/** Features of the group with this context. */
function featuresOf(of: Partial<Record<ChannelId, number>>, isDay = false) {
  const wanted = Object.keys(of).map((id) => channelIndex(id as ChannelId));
  const group = (isDay ? compiled.day : heating).find(
    ({ context }) =>
      context.length === wanted.length && wanted.every((one) => context.includes(one)),
  );
  if (group === undefined) throw new Error("no such group");
  const values = new Float64Array(CHANNEL_COUNT).fill(Number.NaN);
  for (const [id, value] of Object.entries(of))
    values[channelIndex(id as ChannelId)] = value ?? Number.NaN;
  const phi = new Float64Array(FEATURES_MAX);
  return { isThere: fillFeatures(group, values, 0, phi), phi: [...phi.subarray(0, group.size)] };
}

describe("features", () => {
  it("are the constant, each context and all products of two", () => {
    const { phi } = featuresOf({ frequency: 70, outdoor: -3 });
    expect(phi).toEqual([1, 1, -1, 1, -1, 1]);
  });

  it("count a context beyond four spreads as four: one wild value ruins no scale", () => {
    const at = (frequency: number) => featuresOf({ frequency, outdoor: 5 }).phi;
    expect(at(130)).toEqual(at(250));
    expect(at(130)[1]).toBe(4);
    expect(featuresOf({ frequency: 50, outdoor: -45 }).phi[2]).toBe(-4);
  });

  it("are none where a context is absent", () => {
    expect(featuresOf({ frequency: Number.NaN, outdoor: 5 }).isThere).toBe(false);
  });

  it("of a day bend at the heating limit of 15 °C", () => {
    expect(featuresOf({ dayMean: 21, dayLow: 10 }, true).phi).toEqual([1, 2, 0, 4, 0, 1]);
    expect(featuresOf({ dayMean: 5, dayLow: 2 }, true).phi).toEqual([1, 0, 1.25, 0, 1.5625, 0]);
  });
});
