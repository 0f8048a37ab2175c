/**
 * A block gives back what was put in, and whatever else arrives is refused by name. The decoder
 * faces the network: no byte string may crash it, hold it up, or make it take memory that the
 * limits do not grant.
 */
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBlock, encodeBlock } from "#core/batch/block.js";
import type { BlockClaims } from "#core/batch/block-checks.js";
import { type Channel, createChannelTable } from "#core/batch/channel-table.js";
import { encodeRange } from "#core/batch/codec-2-encoder.js";
import { startAlone } from "#core/batch/codec-2-start.js";
import { createColumns } from "#core/batch/columns.js";
import { digestCheck } from "#core/batch/digest.js";
import { CODECS } from "#core/batch/limits.js";
import { NO_PRIOR } from "#core/batch/prior.js";
import { PRIOR_IDS } from "#core/batch/priors/released.js";
import { HeatpoolError } from "#core/errors.js";
import { blocks, contentOf } from "../../support/block-samples.js";

const CASES = Number(process.env.HEATPOOL_FUZZ_CASES ?? 300);
const codecs = fc.constantFrom(...CODECS.map((codec) => codec.number));
const priors = fc.constantFrom(NO_PRIOR, ...PRIOR_IDS);

const channel: Channel = {
  metric: "m",
  encoding: "int",
  multiplier: 1,
  decimals: 0,
  kind: "state",
};
const table = createChannelTable(["a", "b", "c"].map((metric) => ({ ...channel, metric })));

/** A block of literal bytes with usual claims around it. */
function block(bytes: readonly number[], claims: Partial<BlockClaims> = {}): BlockClaims {
  const plain = Uint8Array.from(bytes);
  return { codec: 0, plainBytes: 0, rows: 2, slot: 100, stepMs: 60_000, block: plain, ...claims };
}

function decode(of: BlockClaims, into = createColumns(table, 1)) {
  decodeBlock(of, table, into);
  return contentOf(into, table);
}

/** Two rows; gap and off are zero; three constant columns of 5. */
const GOOD = [0, 0, 1, 0, 1, 10, 0, 0, 10, 0, 0, 10, 0, 0];

describe("blocks", () => {
  it("give back every cell and time, in every codec, into reused buffers", () => {
    const run = fc.property(blocks, codecs, priors, ({ table: of, columns }, codec, prior) => {
      const { block: bytes, plainBytes, digest } = encodeBlock(columns, of, codec, prior);
      const into = createColumns(of, 1);
      const { rows, slot, stepMs } = columns;
      const facts = { codec, prior, plainBytes, rows, slot, stepMs };
      const read = decodeBlock({ ...facts, block: bytes }, of, into);
      expect(contentOf(into, of)).toEqual(contentOf(columns, of));
      expect(read.digest).toEqual(digest);
      expect(encodeBlock(into, of, codec, prior).block).toEqual(bytes);
    });
    fc.assert(run, { numRuns: CASES, seed: 1 });
  });

  it("have one name whatever codec carries them, and another for any other content", () => {
    const run = fc.property(blocks, ({ table: of, columns }) => {
      const names = CODECS.map(({ number }) => encodeBlock(columns, of, number).digest);
      for (const name of names) expect(name).toEqual(names[0]);
      columns.slot++;
      expect(encodeBlock(columns, of, 0).digest).not.toEqual(names[0]);
    });
    fc.assert(run, { numRuns: 50, seed: 2 });
  });

  it("leave nothing of a larger block behind in reused buffers", () => {
    const into = createColumns(table, 1);
    decode(block(GOOD), into);
    const small = decode(block([1, 1, 1, 0, 0, 0, 0, 14], { rows: 1 }), into);
    expect(small).toMatchObject({ rows: 1, cells: [[null], [[7]], [null]] });
  });

  it("pass 2^31 and wrap: differences are modulo 2^32", () => {
    const columns = createColumns(table, 3);
    Object.assign(columns, { rows: 3, slot: 1, stepMs: 1_000 });
    columns.counts.fill(3);
    columns.lanes[0]?.set([2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 1]);
    const encoded = encodeBlock(columns, table, 0);
    const facts = { codec: 0, rows: 3, slot: 1, stepMs: 1_000 };
    expect(decode({ ...facts, ...encoded }).cells[0]).toEqual([
      [2 ** 31 - 1],
      [-(2 ** 31)],
      [2 ** 31 - 1],
    ]);
  });
});

describe("a malformed block is refused with its own message", () => {
  it("but the one it is made from is good", () => {
    const cells = [
      [[5], [5]],
      [[5], [5]],
      [[5], [5]],
    ];
    expect(decode(block(GOOD))).toMatchObject({ rows: 2, gap: [0, 0], off: [0, 0], cells });
  });

  it.each<[string, BlockClaims, RegExp]>([
    ["empty", block([]), /block is empty/],
    ["unknown flag", block([4, ...GOOD.slice(1)]), /unknown flag in 0x4/],
    ["cut off", block(GOOD.slice(0, -1)), /ends within a number/],
    ["cut off between cells", block(GOOD.slice(0, -2)), /ends 1 cells too early/],
    ["trailing bytes", block([...GOOD, 0]), /1 bytes after the last cell/],
    ["non-minimal varint", block([0, 0, 1, 0, 1, 0x8a, 0, 0, 0]), /longer than needed at byte 5/],
    ["varint above 32 bits", block([0, 0, 1, 0, 1, 255, 255, 255, 255, 16]), /above 32 bits/],
    ["varint of six bytes", block([0, 0, 1, 0, 1, 255, 255, 255, 255, 143, 1]), /above 32 bits/],
    ["run after run", block([0, 0, 0, 0, 0, 0, 1]), /run after run at byte 3/],
    ["run past the end", block([0, 0, 2, 0, 1]), /run of 3 past the end, 2 cells left/],
    ["list beyond the table", block([1, 1, 3, 0, 1, 0, 1]), /does not rise within 3: 3/],
    ["list that wraps", block([1, 2, 1, 255, 255, 255, 255, 15]), /does not rise within 3/],
    ["list longer than the table", block([1, 4, 0, 0, 0, 0]), /list of 4, of 3 at most/],
    ["subset of all channels", block([1, 3, 0, 0, 0, ...GOOD.slice(1)]), /names all of them/],
    ["no partial columns", block([2, 0, ...GOOD.slice(1)]), /partial columns is empty/],
    ["all present", block([2, 1, 0, 0, 1, 0, 1, 2, 10]), /without both sorts/],
    ["all absent", block([2, 1, 0, 0, 1, 0, 1, 0, 2]), /without both sorts/],
    ["empty presence run", block([2, 1, 0, 0, 1, 0, 1, 1, 0, 1]), /empty presence run/],
    ["no presence at all", block([2, 1, 0, 0, 1, 0, 1, 0, 0]), /empty presence run/],
    ["presence past the end", block([2, 1, 0, 0, 1, 0, 1, 1, 2]), /presence run of 2 past the end/],
    ["plain length", block(GOOD, { plainBytes: 3 }), /14 bytes, 3 declared/],
    ["no rows", block(GOOD, { rows: 0 }), /0 rows/],
    ["step too short", block(GOOD, { stepMs: 999 }), /step of 999 ms/],
    ["step too long", block(GOOD, { stepMs: 3_600_001 }), /step of 3600001 ms/],
    ["slot of no time", block(GOOD, { slot: 2 ** 50 }), /slot 1125899906842624/],
    ["negative slot", block(GOOD, { slot: -1 }), /slot -1/],
    ["unknown codec", block(GOOD, { codec: 9 }), /codec 9 is not known/],
  ])("%s", (_, of, message) => {
    expect(() => decode(of)).toThrow(message);
    expect(() => decode(of)).toThrow(HeatpoolError);
  });

  const cells = [10, 0, 0, 10, 0, 0, 10, 0, 0];
  it.each([
    ["the first row skips slots", [2, 1], [0, 1], /first row has gap 1/],
    ["a row lies before the one before", [0, 0, 3], [0, 1], /does not rise at row 1/],
    ["two rows are of one instant", [0, 0, 1], [0, 1], /does not rise at row 1/],
    ["a row is too late for its slot", [0, 1], [0, 0, 0xe2, 0xd4, 3], /1 is 30001 ms from its/],
    ["a row is too early for its slot", [0, 1], [0, 0, 0xdf, 0xd4, 3], /1 is -30000 ms from its/],
  ])("%s", (_, gap, off, message) => {
    expect(() => decode(block([0, ...gap, ...off, ...cells]))).toThrow(message);
  });
});

describe("a block beyond the limits is refused before it costs anything", () => {
  const codeOf = (work: () => unknown): string | undefined => {
    try {
      work();
    } catch (error) {
      return error instanceof HeatpoolError ? error.code : String(error);
    }
    return undefined;
  };
  const wide = createChannelTable(
    Array.from({ length: 256 }, (_, c) => ({
      ...channel,
      metric: `m_${c}`,
      encoding: "f64" as const,
    })),
  );

  it.each<[string, BlockClaims]>([
    ["rows", block(GOOD, { rows: 2_001 })],
    ["bytes", block([], { block: new Uint8Array(480 * 1024 + 1) })],
    ["plain bytes", block(GOOD, { codec: 1, plainBytes: 8 * 1024 * 1024 + 1 })],
    ["slots", block([0, 0, 0, 0xfe, 0xff, 0x7f, 0, 1, 10, 0, 0, 10, 0, 0, 10, 0, 0])],
  ])("%s", (_, of) => {
    expect(codeOf(() => decode(of))).toBe("BATCH_TOO_LARGE");
  });

  it("cells", () => {
    const into = createColumns(wide, 1);
    const bytes = block([0], { rows: 2_000 });
    expect(codeOf(() => decodeBlock(bytes, wide, into))).toBe("BATCH_TOO_LARGE");
    expect(into.lanes.every((lane) => lane.length === 1)).toBe(true);
  });

  it("a claim of more bytes than its rows can take", () => {
    const of = block(GOOD, { codec: 1, plainBytes: 8 * 1024 * 1024 });
    expect(() => decode(of)).toThrow(/8388608 bytes declared, 2 rows take at most/);
  });

  it("an encoder does not make one either", () => {
    const columns = createColumns(wide, 2_000);
    Object.assign(columns, { rows: 2_000, slot: 1, stepMs: 1_000 });
    columns.counts.fill(2_000);
    expect(codeOf(() => encodeBlock(columns, wide, 0))).toBe("BATCH_TOO_LARGE");
  });
});

describe("codec 1", () => {
  const deflated = (bytes: readonly number[]) =>
    new Uint8Array(deflateRawSync(Uint8Array.from(bytes)));
  const plainBytes = GOOD.length;
  const of = (bytes: Uint8Array, claims: Partial<BlockClaims> = {}) =>
    block([], { codec: 1, block: bytes, plainBytes, ...claims });

  it.each<[string, BlockClaims, RegExp]>([
    ["longer than declared", of(deflated([...GOOD, 0])), /inflates beyond the 14 bytes declared/],
    ["shorter than declared", of(deflated(GOOD.slice(1))), /inflates to 13 bytes, 14 declared/],
    ["nothing declared", of(deflated(GOOD), { plainBytes: 0 }), /inflates beyond the 0 bytes/],
    ["bytes after the end", of(Uint8Array.of(...deflated(GOOD), 0)), /1 bytes after the end of/],
    ["cut off", of(deflated(GOOD).subarray(0, -1)), /is not a deflated block/],
    ["not deflated", of(Uint8Array.of(255, 255)), /is not a deflated block/],
    ["no bytes", of(new Uint8Array()), /is not a deflated block/],
  ])("%s", (_, bytes, message) => {
    expect(() => decode(bytes)).toThrow(message);
  });

  it("stops a bomb at the declared length", () => {
    const bomb = new Uint8Array(deflateRawSync(new Uint8Array(256 * 1024 * 1024)));
    const before = process.memoryUsage().arrayBuffers;
    const claims = { plainBytes: 30_000, rows: 2_000, block: bomb, codec: 1 };
    expect(() => decode(block([], claims))).toThrow(/inflates beyond the 30000 bytes declared/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });
});

describe("codec 2", () => {
  const wide = createChannelTable(
    Array.from({ length: 128 }, (_, c) => ({ ...channel, metric: `m_${c}` })),
  );
  const sample = createColumns(table, 2);
  Object.assign(sample, { rows: 2, slot: 100, stepMs: 60_000 });
  sample.counts.fill(2);
  for (const lane of sample.lanes) lane.fill(5);
  const { block: good, plainBytes } = encodeBlock(sample, table, 2);
  /** Columns that lie about their counts: the first is called partial and has no cell. */
  const allAbsent = (() => {
    const columns = { ...sample, counts: Int32Array.of(1, 2, 2) };
    const present = sample.present.map(() => new Uint8Array(2));
    return encodeRange({ ...columns, present }, table, startAlone(table, NO_PRIOR));
  })();
  const of = (bytes: Uint8Array, claims: Partial<BlockClaims> = {}) =>
    block([], { codec: 2, block: bytes, plainBytes, ...claims });

  it.each<[string, BlockClaims, RegExp]>([
    ["empty", of(new Uint8Array()), /block is empty/],
    ["bytes after the end", of(Uint8Array.of(...good, 1, 2, 3, 4, 5)), /bytes after the last cell/],
    ["a zero at the end", of(Uint8Array.of(...good, 0)), /ends with a zero byte/],
    ["another length declared", of(good, { plainBytes: 15 }), /14 bytes in codec 0, 15 declared/],
    ["all absent", of(allAbsent), /partial column without both sorts/],
  ])("%s", (_, bytes, message) => {
    expect(decode(of(good))).toMatchObject({ rows: 2 });
    expect(() => decode(bytes)).toThrow(message);
  });

  it("decodes a day of differences that all escape, and the greatest claim of nothing", () => {
    const columns = createColumns(wide, 2_000);
    Object.assign(columns, { rows: 2_000, slot: 1, stepMs: 1_000 });
    columns.counts.fill(2_000);
    for (const [k, lane] of columns.lanes.entries()) {
      if (k < 32) for (let row = 0; row < 2_000; row++) lane[row] = (row % 2) * 2 ** 31 + row;
    }
    const encoded = encodeBlock(columns, wide, 2);
    const into = createColumns(wide);
    const { rows, slot, stepMs } = columns;
    const facts = { codec: 2, rows, slot, stepMs };
    expect(decodeBlock({ ...facts, ...encoded }, wide, into).digest).toEqual(encoded.digest);
    const nothing = { ...facts, plainBytes: 0, block: Uint8Array.of(0) };
    decodeBlock(nothing, wide, into);
    expect(into.counts.every((count) => count === 2_000)).toBe(true);
  });
});

describe("any other bytes", () => {
  const usual = fc.sample(blocks, { numRuns: 40, seed: 3 });

  /** Decodes what arrived, as a door does: an error of ours, or content that its check names. */
  function receive(of: BlockClaims, check: number, sample: (typeof usual)[number]): string {
    const into = createColumns(sample.table, 1);
    try {
      const { digest } = decodeBlock(of, sample.table, into);
      if (digestCheck(digest) !== check) return "other content, noticed";
    } catch (error) {
      expect(error).toBeInstanceOf(HeatpoolError);
      return "refused";
    }
    expect(contentOf(into, sample.table)).toEqual(contentOf(sample.columns, sample.table));
    return "same content";
  }

  it("are refused, noticed by the check, or mean the same: flipped, cut, doubled, lying", () => {
    const seen = new Set<string>();
    const run = fc.property(
      fc.constantFrom(...usual),
      codecs,
      priors,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.constantFrom("flip", "cut", "double", "rows", "plain", "slot", "prior"),
      (sample, codec, prior, edits, how) => {
        const encoded = encodeBlock(sample.columns, sample.table, codec, prior);
        const { rows, slot, stepMs } = sample.columns;
        const bytes = encoded.block.slice();
        const [[at, value] = [0, 0]] = edits;
        if (how === "flip") for (const [k, byte] of edits) bytes[k % bytes.length] = byte;
        const { plainBytes } = encoded;
        const facts = { codec, prior, plainBytes, rows, slot, stepMs, block: bytes };
        const changed: Record<string, Partial<BlockClaims>> = {
          cut: { block: bytes.subarray(0, at % bytes.length) },
          double: { block: Uint8Array.of(...bytes, ...bytes.subarray(at % bytes.length)) },
          rows: { rows: at % 2_200 },
          plain: { plainBytes: at },
          slot: { slot: slot + value },
          prior: { prior: PRIOR_IDS[at % PRIOR_IDS.length] ?? NO_PRIOR },
        };
        const check = digestCheck(encoded.digest);
        seen.add(receive({ ...facts, ...changed[how] }, check, sample));
      },
    );
    fc.assert(run, { numRuns: CASES * 5, seed: 4 });
    expect(seen).toEqual(new Set(["other content, noticed", "refused", "same content"]));
  });

  it("are refused when they are noise", () => {
    const noise = fc.uint8Array({ minLength: 0, maxLength: 200 });
    const run = fc.property(
      noise,
      codecs,
      priors,
      fc.integer({ min: 1, max: 50 }),
      (bytes, codec, prior, rows) => {
        const [sample] = usual;
        if (sample === undefined) throw new Error("no sample");
        const plainBytes = bytes.length;
        const facts = { codec, prior, plainBytes, rows, slot: 1, stepMs: 60_000 };
        receive({ ...facts, block: bytes }, 0, sample);
      },
    );
    fc.assert(run, { numRuns: CASES * 3, seed: 5 });
  });
});
