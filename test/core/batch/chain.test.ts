/**
 * A chain's blocks say what their columns held, in order and under the rules; whatever else arrives
 * is refused or noticed. State that does not fit must never pass for content.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBlock } from "#core/batch/block.js";
import {
  CHAIN_BLOCKS_MAX,
  type Chain,
  decodeFirstLink,
  decodeLink,
  encodeLink,
} from "#core/batch/chain.js";
import { type Channel, type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import { NO_PRIOR, type PriorId } from "#core/batch/prior.js";
import { KIND_PRIOR, PRIOR_IDS } from "#core/batch/priors/released.js";
import { HeatpoolError } from "#core/errors.js";
import { columnsOf, contentOf, tables } from "../../support/block-samples.js";

const CASES = Number(process.env.HEATPOOL_FUZZ_CASES ?? 200);
const STEP_MS = 60_000;
const DAY_SLOTS = 1_440;
const priors = fc.constantFrom(NO_PRIOR, ...PRIOR_IDS);

const channel: Channel = {
  metric: "m",
  encoding: "int",
  multiplier: 1,
  decimals: 0,
  kind: "state",
};
const table = createChannelTable(["a", "b", "c"].map((metric) => ({ ...channel, metric })));

/** Blocks of one table. */
const runs = tables.chain((of) =>
  fc
    .array(columnsOf(of), { minLength: 2, maxLength: 6 })
    .map((blocks) => ({ table: of, blocks: inOneDay(blocks) })),
);

/** Puts blocks one after the other, all of one length of slot. */
function inOneDay(blocks: readonly Columns[]): readonly Columns[] {
  let slot = 20_000 * DAY_SLOTS;
  for (const columns of blocks) {
    columns.stepMs = STEP_MS;
    columns.slot = slot;
    columns.gap.fill(0);
    slot += columns.rows;
  }
  return blocks;
}

/** Two rows of three channels. */
function small(slot: number, value: number, channels = 3): Columns {
  const columns = createColumns(table, 2);
  Object.assign(columns, { rows: 2, slot, stepMs: STEP_MS });
  for (let c = 0; c < channels; c++) {
    columns.counts[c] = 2;
    columns.lanes[c]?.set([value, value + c]);
  }
  return columns;
}

/** Both ends of a stream. */
function createEnds(of: ChannelTable, prior: PriorId) {
  let writing: Chain | undefined;
  let reading: Chain | undefined;
  const into = createColumns(of, 1);
  return {
    into,
    /** Sends a block; adopts the writer's chain as on an ack unless told otherwise. */
    send(columns: Columns, isAcked = true) {
      const link = encodeLink(columns, of, prior, writing);
      if (isAcked) writing = link.chain;
      return link;
    },
    receive(block: Uint8Array, like: Columns, continues: boolean, more = {}) {
      const { rows, slot, stepMs } = like;
      const claims = { codec: 2, plainBytes: 0, rows, slot, stepMs, prior, block, ...more };
      if (continues && reading === undefined) throw new Error("nothing to continue");
      const before = reading;
      reading = undefined;
      const read =
        continues && before !== undefined
          ? decodeLink(claims, of, into, before)
          : decodeFirstLink(claims, of, into, before);
      reading = read.chain;
      return read.digest;
    },
  };
}

describe("a chain", () => {
  it("gives back every block, with every encoding, absence and prior", () => {
    const run = fc.property(runs, priors, ({ table: of, blocks }, prior) => {
      const ends = createEnds(of, prior);
      for (const columns of blocks) {
        const { block, continues } = ends.send(columns);
        const digest = ends.receive(block, columns, continues);
        expect(digest).toEqual(encodeBlock(columns, of, 0).digest);
        expect(contentOf(ends.into, of)).toEqual(contentOf(columns, of));
      }
    });
    fc.assert(run, { numRuns: CASES, seed: 1 });
  });

  it("begins with the bytes of a self-contained block and then says less", () => {
    const ends = createEnds(table, KIND_PRIOR);
    const [first, second] = [small(100, 5_000), small(102, 5_001)];
    const alone = encodeBlock(first, table, 2, KIND_PRIOR).block;
    const link = ends.send(first);
    expect(link).toMatchObject({ block: alone, continues: false, followsOn: false });
    const next = ends.send(second);
    expect(next).toMatchObject({ continues: true, followsOn: true });
    const whole = encodeBlock(second, table, 2, KIND_PRIOR).block;
    expect(next.block.length).toBeLessThan(whole.length / 2);
    expect(ends.send(small(200, 5_001))).toMatchObject({ continues: true, followsOn: false });
  });

  it("stays where it was until a block is acknowledged", () => {
    const ends = createEnds(table, KIND_PRIOR);
    ends.send(small(100, 5_000));
    const once = ends.send(small(102, 7), false);
    expect(ends.send(small(102, 7), false).block).toEqual(once.block);
  });

  it("ends at midnight, with other columns, and after a day of blocks", () => {
    const midnight = 20_000 * DAY_SLOTS;
    const ends = createEnds(table, KIND_PRIOR);
    ends.send(small(midnight - 2, 1));
    expect(ends.send(small(midnight, 1)).continues).toBe(false);
    expect(ends.send(small(midnight + 2, 1, 2)).continues).toBe(false);
    let slot = midnight + 4;
    for (let k = 1; k < CHAIN_BLOCKS_MAX; k++, slot += 2) {
      expect(ends.send(small(slot, 1, 2)).continues).toBe(true);
    }
    expect(ends.send(small(slot, 1, 2)).continues).toBe(false);
  });

  it("is not continued by a block of other columns or of another day, whatever that says", () => {
    const midnight = 20_000 * DAY_SLOTS;
    const begin = () => {
      const ends = createEnds(table, KIND_PRIOR);
      const first = small(midnight - 2, 1);
      ends.receive(ends.send(first).block, first, false);
      return ends;
    };
    const fewer = small(midnight - 1, 1, 2);
    const { block } = encodeBlock(fewer, table, 2, KIND_PRIOR);
    expect(() => begin().receive(block, fewer, true)).toThrow(/other columns/);
    const ends = begin();
    const next = small(midnight - 1, 1);
    const link = ends.send(next);
    expect(() => ends.receive(link.block, { ...next, slot: midnight }, true)).toThrow(/other day/);
  });
});

describe("any other bytes in a chain", () => {
  it("are refused, noticed by the digest, or mean the same", () => {
    const seen = new Set<string>();
    const usual = fc.sample(runs, { numRuns: 40, seed: 2 });
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    const how = fc.constantFrom("flip", "cut", "double", "rows", "skip", "prior");
    const run = fc.property(
      fc.constantFrom(...usual),
      priors,
      edits,
      how,
      (sample, prior, at, way) => {
        const { table: of, blocks } = sample;
        const ends = createEnds(of, prior);
        const [first, second, third = first] = blocks as [Columns, Columns, Columns?];
        const opening = ends.send(first);
        const skipped = way === "skip" ? ends.send(second) : undefined;
        const columns = skipped === undefined ? second : third;
        const link = ends.send(columns);
        const { digest } = encodeBlock(columns, of, 0);
        const [[where, value] = [0, 0]] = at;
        let block = link.block.slice();
        if (way === "flip") for (const [k, byte] of at) block[k % block.length] = byte;
        if (way === "cut") block = block.subarray(0, where % block.length);
        if (way === "double") block = Uint8Array.of(...block, value);
        const rows = way === "rows" ? { rows: where % 2_200 } : {};
        const wrongStart = way === "prior" ? { prior: PRIOR_IDS[0] } : {};
        try {
          ends.receive(opening.block, first, false, wrongStart);
          const read = ends.receive(block, columns, true, rows);
          if (Buffer.compare(read, digest) !== 0) return void seen.add("noticed");
          expect(contentOf(ends.into, of)).toEqual(contentOf(columns, of));
          seen.add("same");
        } catch (error) {
          if (!(error instanceof HeatpoolError)) throw error;
          seen.add("refused");
        }
        return undefined;
      },
    );
    fc.assert(run, { numRuns: CASES * 5, seed: 3 });
    expect(seen).toEqual(new Set(["noticed", "same", "refused"]));
  });
});
