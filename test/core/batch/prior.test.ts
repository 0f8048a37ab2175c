/** A prior is named by its bytes; blocks that start from a released one are read for ever. */
import { describe, expect, it } from "vitest";
import { decodeBlock, encodeBlock } from "#core/batch/block.js";
import { type Channel, createChannelTable } from "#core/batch/channel-table.js";
import { CONTEXTS, ODDS_START } from "#core/batch/codec-2-model.js";
import { createColumns } from "#core/batch/columns.js";
import {
  channelSet,
  GAP_SET,
  OFF_SET,
  oddsOf,
  priorIdOf,
  readPrior,
  setOfLane,
  writePrior,
} from "#core/batch/prior.js";
import { findPrior, isPrior, KIND_PRIOR, PRIOR_IDS } from "#core/batch/priors/released.js";

const channel: Channel = {
  metric: "temp_flow",
  encoding: "int",
  multiplier: 1,
  decimals: 1,
  kind: "fastTemperature",
};
const table = createChannelTable([
  channel,
  { ...channel, metric: "temp_room", encoding: "f32" },
  { ...channel, metric: "energy", encoding: "wide", kind: "counter" },
  { ...channel, metric: "temp_return" },
]);

describe("released priors", () => {
  it.each(PRIOR_IDS)("%i is what its name says", (id) => {
    const prior = findPrior(id);
    if (prior === undefined) throw new Error("not there");
    expect(priorIdOf(writePrior(prior.sets))).toBe(id);
    expect(id).not.toBe(0);
    expect([...prior.sets.keys()]).toEqual(
      expect.arrayContaining([GAP_SET, OFF_SET, "fastTemperature", "state", "counter"]),
    );
  });

  it("keep the names under which blocks are stored", () => {
    expect(PRIOR_IDS).toEqual([0xa482c303, 0xb3f34ade]);
  });

  it("are all that there are, beside none", () => {
    expect([...PRIOR_IDS, 0].every(isPrior)).toBe(true);
    expect(isPrior(7)).toBe(false);
    expect(findPrior(7)).toBeUndefined();
  });
});

describe("a prior", () => {
  const odds = (seed: number) =>
    Uint32Array.from({ length: CONTEXTS }, (_, k) => ((seed * 1_000 + k) << 7) | (k % 5));
  const sets = new Map([
    ["fastTemperature", odds(1)],
    ["counter", odds(2)],
    [GAP_SET, odds(3)],
    [channelSet(channel), odds(4)],
  ]);
  const prior = readPrior(writePrior(sets));

  it("comes back from its bytes", () => {
    expect(prior.sets).toEqual(sets);
  });

  it("gives a lane its channel's set, else its kind's; floats and upper halves none", () => {
    const names = Array.from({ length: table.lanes + 2 }, (_, lane) =>
      setOfLane(prior, table, lane),
    );
    const own = channelSet(channel);
    const expected = [own, undefined, undefined, "counter", "fastTemperature", GAP_SET, OFF_SET];
    expect(names).toEqual(expected);
    const empty = new Uint32Array(CONTEXTS).fill(ODDS_START);
    const all = oddsOf(prior, table, empty);
    const lane = (k: number) => all.slice(k * CONTEXTS, (k + 1) * CONTEXTS);
    expect(lane(0)).toEqual(odds(4));
    expect(lane(1)).toEqual(empty);
    expect(lane(4)).toEqual(odds(1));
    expect(lane(6)).toEqual(empty);
  });

  it.each([
    ["nothing", new Uint8Array()],
    ["another version", Uint8Array.of(2, 1, 0)],
    ["no sets", Uint8Array.of(1, 0, 0)],
    ["bytes missing", writePrior(sets).subarray(0, -1)],
  ])("of %s is refused", (_, bytes) => {
    expect(() => readPrior(bytes)).toThrow(/prior of/);
  });

  it("must be the one that a block was coded with", () => {
    const columns = createColumns(table, 2);
    Object.assign(columns, { rows: 2, slot: 1, stepMs: 1_000 });
    columns.counts.fill(2);
    for (const [k, lane] of columns.lanes.entries()) lane.set([200 + k, 201 + k]);
    const { block, digest, plainBytes } = encodeBlock(columns, table, 2, KIND_PRIOR);
    const claims = { codec: 2, rows: 2, slot: 1, stepMs: 1_000, block, plainBytes };
    const read = (id: number) => decodeBlock({ ...claims, prior: id }, table, createColumns(table));
    expect(read(KIND_PRIOR).digest).toEqual(digest);
    const other = (() => {
      try {
        return read(0).digest;
      } catch {
        return undefined;
      }
    })();
    expect(other).not.toEqual(digest);
    expect(() => read(7)).toThrow(/prior 7 is not known/);
  });
});
