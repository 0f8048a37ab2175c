/** Random channel tables and columns for the block format; seeded by fast-check. */
import fc from "fast-check";
import {
  type Channel,
  type ChannelEncoding,
  type ChannelTable,
  createChannelTable,
} from "#core/batch/channel-table.js";
import { type Columns, createColumns } from "#core/batch/columns.js";

const ENCODINGS: readonly ChannelEncoding[] = ["int", "uint", "f32", "wide", "f64"];

/** Tables of 1 to 9 channels with every encoding. */
export const tables: fc.Arbitrary<ChannelTable> = fc
  .array(
    fc.record({
      encoding: fc.constantFrom(...ENCODINGS),
      multiplier: fc.constantFrom(1, 2, 5, 25),
      decimals: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .map((channels) =>
    createChannelTable(
      channels.map((one, c): Channel => ({ ...one, metric: `m_${c}`, kind: "state" })),
    ),
  );

/** Lane contents: constant stretches, small steps, and every extreme. */
const lane = (rows: number): fc.Arbitrary<Int32Array> =>
  fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constant(undefined) },
        { weight: 3, arbitrary: fc.integer({ min: -100, max: 100 }) },
        { weight: 1, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
        { weight: 1, arbitrary: fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, -1, 0) },
      ),
      { minLength: rows, maxLength: rows },
    )
    .map((steps) => {
      let last = 0;
      return Int32Array.from(steps, (step) => (last = step ?? last));
    });

/** Which cells are present: all, none, or some. */
const presence = (rows: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.constant(new Uint8Array(rows).fill(1)),
    fc.constant(new Uint8Array(rows)),
    fc
      .array(fc.integer({ min: 0, max: 1 }), { minLength: rows, maxLength: rows })
      .map((cells) => Uint8Array.from(cells)),
  );

/** Columns of `table` with rising times. */
export function columnsOf(table: ChannelTable): fc.Arbitrary<Columns> {
  return fc.integer({ min: 1, max: 40 }).chain((rows) =>
    fc
      .record({
        slot: fc.integer({ min: 0, max: 2 ** 31 }),
        stepMs: fc.constantFrom(1_000, 1_001, 60_000, 3_600_000),
        gap: fc.array(fc.constantFrom(0, 0, 0, 0, 1, 2, 600), { minLength: rows, maxLength: rows }),
        off: fc.array(fc.integer({ min: -499, max: 500 }), { minLength: rows, maxLength: rows }),
        lanes: fc.tuple(...Array.from({ length: table.lanes }, () => lane(rows))),
        present: fc.tuple(...table.channels.map(() => presence(rows))),
      })
      .map(({ slot, stepMs, gap, off, lanes, present }) => {
        const columns = createColumns(table, rows);
        Object.assign(columns, { rows, slot, stepMs });
        columns.gap.set([0, ...gap.slice(1)]);
        columns.off.set(off);
        for (const [l, numbers] of lanes.entries()) columns.lanes[l]?.set(numbers);
        for (const [c, cells] of present.entries()) {
          columns.present[c]?.set(cells);
          columns.counts[c] = cells.reduce((sum, cell) => sum + cell, 0);
        }
        return columns;
      }),
  );
}

/** A table and columns of it. */
export const blocks = tables.chain((table) =>
  columnsOf(table).map((columns) => ({ table, columns })),
);

/** What columns say, without what they leave open. */
export function contentOf(columns: Columns, table: ChannelTable) {
  const { rows, slot, stepMs } = columns;
  const cells = table.channels.map((_, c) => {
    const count = columns.counts[c] ?? 0;
    const lanes = columns.lanes.slice(table.laneStarts[c], table.laneStarts[c + 1]);
    return Array.from({ length: rows }, (__, row) => {
      const isThere = count === rows || (count > 0 && columns.present[c]?.[row] === 1);
      return isThere ? lanes.map((numbers) => numbers[row]) : null;
    });
  });
  const gap = Array.from(columns.gap.subarray(0, rows));
  const off = Array.from(columns.off.subarray(0, rows));
  return { rows, slot, stepMs, gap, off, cells };
}
