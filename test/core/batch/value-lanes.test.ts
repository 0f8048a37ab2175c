/** A value that was read once is the same number everywhere: by `Object.is`, or it is absent. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Channel,
  type ChannelEncoding,
  createChannelTable,
} from "#core/batch/channel-table.js";
import { createColumns } from "#core/batch/columns.js";
import { listChannelLanes, readValue, writeValue } from "#core/batch/value-lanes.js";

const CASES = Number(process.env.HEATPOOL_FUZZ_CASES ?? 300) * 10;

function channelOf(encoding: ChannelEncoding, decimals = 0, multiplier = 1): Channel {
  return { metric: "m", encoding, multiplier, decimals, kind: "state" };
}

/** What a written value is read as; `undefined`: it could not be written. */
function roundTrip(channel: Channel, value: number): number | undefined {
  const table = createChannelTable([channel]);
  const [lanes] = listChannelLanes(createColumns(table, 1), table);
  if (lanes === undefined) throw new Error("no lanes");
  return writeValue(lanes, 0, channel, value) ? readValue(lanes, 0, channel) : undefined;
}

const scales = fc.record({
  decimals: fc.integer({ min: 0, max: 9 }),
  multiplier: fc.constantFrom(1, 2, 5, 25, 1_000),
});

describe("values become lanes and come back the same", () => {
  it.each<[ChannelEncoding, fc.Arbitrary<number>]>([
    ["int", fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
    ["uint", fc.integer({ min: 0, max: 2 ** 32 - 1 })],
    ["wide", fc.maxSafeInteger()],
  ])("%s with every resolution", (encoding, integers) => {
    const run = fc.property(integers, scales, (q, { decimals, multiplier }) => {
      const value = (q * multiplier) / 10 ** decimals + 0;
      const came = roundTrip(channelOf(encoding, decimals, multiplier), value);
      return Object.is(came, value);
    });
    fc.assert(run, { numRuns: CASES, seed: 1 });
  });

  it.each<[ChannelEncoding, fc.Arbitrary<number>]>([
    ["f32", fc.float({ noNaN: true, noDefaultInfinity: true })],
    ["f64", fc.double({ noNaN: true, noDefaultInfinity: true })],
  ])("%s bit by bit", (encoding, floats) => {
    const run = fc.property(floats, (value) =>
      Object.is(roundTrip(channelOf(encoding), value), value + 0),
    );
    fc.assert(run, { numRuns: CASES, seed: 2 });
  });

  it.each<[ChannelEncoding, number]>([
    ["int", -(2 ** 31)],
    ["int", 2 ** 31 - 1],
    ["uint", 2 ** 32 - 1],
    ["wide", 2 ** 53],
    ["wide", -(2 ** 53)],
    ["wide", -1],
    ["f32", 2 ** -149],
    ["f32", -(2 ** -149)],
    ["f32", (2 - 2 ** -23) * 2 ** 127],
    ["f64", Number.MIN_VALUE],
    ["f64", -Number.MIN_VALUE],
    ["f64", Number.MAX_VALUE],
    ["f64", -Number.MAX_VALUE],
  ])("%s at %d", (encoding, value) => {
    expect(Object.is(roundTrip(channelOf(encoding), value), value)).toBe(true);
  });

  it("0.3 is 3 tenths, not 0.30000000000000004", () => {
    expect(roundTrip(channelOf("int", 1), 0.1 + 0.2)).toBe(0.3);
    expect(roundTrip(channelOf("int", 2, 2), 0.14)).toBe(0.14);
  });

  it.each<ChannelEncoding>(["int", "uint", "wide", "f32", "f64"])("%s knows no -0", (encoding) => {
    expect(Object.is(roundTrip(channelOf(encoding), -0), 0)).toBe(true);
  });

  it("rounds -0.4 to 0, not to -0", () => {
    expect(Object.is(roundTrip(channelOf("int"), -0.4), 0)).toBe(true);
  });

  it.each<[ChannelEncoding, number]>([
    ["int", 2 ** 31],
    ["int", -(2 ** 31) - 1],
    ["uint", -1],
    ["uint", 2 ** 32],
    ["wide", 2 ** 53 + 2],
    ["f32", 1e39],
    ["int", Number.NaN],
    ["f32", Number.NaN],
    ["f64", Number.POSITIVE_INFINITY],
    ["wide", Number.NEGATIVE_INFINITY],
  ])("%s has no lane for %d: absent, never clamped", (encoding, value) => {
    expect(roundTrip(channelOf(encoding), value)).toBeUndefined();
  });

  it("leaves what stands in a cell when the next value does not fit", () => {
    const table = createChannelTable([channelOf("int")]);
    const [lanes] = listChannelLanes(createColumns(table, 1), table);
    if (lanes === undefined) throw new Error("no lanes");
    writeValue(lanes, 0, channelOf("int"), 7);
    writeValue(lanes, 0, channelOf("int"), 2 ** 40);
    expect(readValue(lanes, 0, channelOf("int"))).toBe(7);
  });
});

describe("lanes keep the order of values", () => {
  it("so that a float which rises has a lane that rises", () => {
    const run = fc.property(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      (a, b) => {
        const table = createChannelTable([channelOf("f32")]);
        const [lanes] = listChannelLanes(createColumns(table, 2), table);
        if (lanes === undefined) throw new Error("no lanes");
        writeValue(lanes, 0, channelOf("f32"), a);
        writeValue(lanes, 1, channelOf("f32"), b);
        const [x = 0, y = 0] = lanes.high;
        return Math.sign(x - y) === Math.sign(a - b);
      },
    );
    fc.assert(run, { numRuns: CASES, seed: 3 });
  });
});

describe("a hostile lane", () => {
  it("is no number beyond 2^53, and NaN stays NaN for admission to refuse", () => {
    const wide = createChannelTable([channelOf("wide")]);
    const [lanes] = listChannelLanes(createColumns(wide, 1), wide);
    if (lanes === undefined) throw new Error("no lanes");
    lanes.high[0] = 2 ** 31 - 1;
    expect(readValue(lanes, 0, channelOf("wide"))).toBeNaN();
    lanes.high[0] = 0x7fc00000;
    expect(readValue(lanes, 0, channelOf("f32"))).toBeNaN();
  });
});
