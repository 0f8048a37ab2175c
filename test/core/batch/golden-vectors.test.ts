/**
 * Bytes of every released version decode for ever: literal blocks, read and written. Whoever
 * changes what they mean breaks every store in the field.
 */
import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeBlock, encodeBlock } from "#core/batch/block.js";
import {
  type ChannelEncoding,
  type ChannelTable,
  createChannelTable,
} from "#core/batch/channel-table.js";
import { decodeRange } from "#core/batch/codec-2-decoder.js";
import { encodeRange } from "#core/batch/codec-2-encoder.js";
import { createModel } from "#core/batch/codec-2-model.js";
import { type Columns, createColumns, isPresent } from "#core/batch/columns.js";
import { digestCheck } from "#core/batch/digest.js";
import { listChannelLanes, readValue, writeValue } from "#core/batch/value-lanes.js";

interface Vector {
  tableId: string;
  encodings: ChannelEncoding[];
  decimals: number[];
  slot: number;
  stepMs: number;
  rows: number;
  gap: number[];
  off: number[];
  values: (number | null)[][];
  codec0: string;
  digest: string;
  codec2: string;
  continued: { slot: number; codec2: string; digest: string };
}

const vector: Vector = JSON.parse(
  readFileSync(new URL("../../vectors/block-format-1.json", import.meta.url), "utf8"),
);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** The vector's table; its id is a literal, not the hash of its channels. */
const table: ChannelTable = {
  ...createChannelTable(
    vector.encodings.map((encoding, c) => ({
      metric: `channel_${c}`,
      encoding,
      multiplier: 1,
      decimals: vector.decimals[c] ?? 0,
      kind: "state",
    })),
  ),
  id: unhex(vector.tableId),
};

function fillFromVector(): Columns {
  const columns = createColumns(table, vector.rows);
  columns.rows = vector.rows;
  columns.slot = vector.slot;
  columns.stepMs = vector.stepMs;
  columns.gap.set(vector.gap);
  columns.off.set(vector.off);
  const lanes = listChannelLanes(columns, table);
  vector.values.forEach((values, c) => {
    values.forEach((value, row) => {
      const channel = table.channels[c];
      const cells = lanes[c];
      if (value === null || !channel || !cells) return;
      if (!writeValue(cells, row, channel, value)) throw new Error(`${value} does not fit`);
      columns.present[c]?.fill(1, row, row + 1);
      columns.counts[c] = (columns.counts[c] ?? 0) + 1;
    });
  });
  return columns;
}

function readValues(columns: Columns): (number | null)[][] {
  const lanes = listChannelLanes(columns, table);
  return table.channels.map((channel, c) =>
    Array.from({ length: columns.rows }, (_, row) => {
      const cells = lanes[c];
      return cells && isPresent(columns, c, row) ? readValue(cells, row, channel) : null;
    }),
  );
}

/** The vector's values as its encodings can say them: float32 is coarser than a number. */
const said = vector.values.map((values, c) =>
  values.map((value) =>
    value !== null && vector.encodings[c] === "f32" ? Math.fround(value) : value,
  ),
);

describe("golden vectors of block format 1", () => {
  it("writes the literal codec-0 block and digest", () => {
    const { block, digest, plainBytes } = encodeBlock(fillFromVector(), table, 0);
    expect(hex(block)).toBe(vector.codec0);
    expect(plainBytes).toBe(vector.codec0.length / 2);
    expect(hex(digest)).toBe(vector.digest);
    expect(digestCheck(digest)).toBe(0x9205b520);
  });

  it("reads the literal codec-0 block to the literal cells, times and digest", () => {
    const into = createColumns(table, 1);
    const { slot, stepMs, rows } = vector;
    const block = unhex(vector.codec0);
    const { digest } = decodeBlock(
      { codec: 0, plainBytes: 0, slot, stepMs, rows, block },
      table,
      into,
    );
    expect(hex(digest)).toBe(vector.digest);
    expect(readValues(into)).toEqual(said);
    expect(Array.from(into.gap)).toEqual(vector.gap);
    expect(Array.from(into.off)).toEqual(vector.off);
    expect(Array.from(into.counts)).toEqual([6, 3, 6, 6]);
  });

  it("carries the same bytes and the same name in codec 1", () => {
    const { block, digest, plainBytes } = encodeBlock(fillFromVector(), table, 1);
    expect(hex(inflateRawSync(block))).toBe(vector.codec0);
    expect(hex(digest)).toBe(vector.digest);
    const into = createColumns(table);
    const { slot, stepMs, rows } = vector;
    const read = decodeBlock({ codec: 1, plainBytes, slot, stepMs, rows, block }, table, into);
    expect(hex(read.digest)).toBe(vector.digest);
    expect(readValues(into)).toEqual(said);
  });

  it("writes and reads the literal codec-2 block", () => {
    const { block, digest, plainBytes } = encodeBlock(fillFromVector(), table, 2);
    expect(hex(block)).toBe(vector.codec2);
    expect(hex(digest)).toBe(vector.digest);
    const into = createColumns(table);
    const { slot, stepMs, rows } = vector;
    const read = decodeBlock({ codec: 2, plainBytes, slot, stepMs, rows, block }, table, into);
    expect(hex(read.digest)).toBe(vector.digest);
    expect(readValues(into)).toEqual(said);
  });

  it("continues the codec-2 block from the state that it left", () => {
    const { continued, slot, stepMs, rows } = vector;
    const encoder = createModel(table.lanes);
    expect(hex(encodeRange(fillFromVector(), table, () => encoder))).toBe(vector.codec2);
    expect(hex(encodeRange(fillFromVector(), table, () => encoder))).toBe(continued.codec2);
    const decoder = createModel(table.lanes);
    const into = Object.assign(createColumns(table), { slot, stepMs, rows });
    decodeRange(unhex(vector.codec2), table, into, () => decoder);
    decodeRange(unhex(continued.codec2), table, into, () => decoder);
    expect(readValues(into)).toEqual(said);
    into.slot = continued.slot;
    expect(hex(encodeBlock(into, table, 0).digest)).toBe(continued.digest);
  });
});
