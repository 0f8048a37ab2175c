/** Blocks that start from a released prior, and blocks that continue them, decode for ever. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeBlock, encodeBlock } from "#core/batch/block.js";
import { decodeFirstLink, decodeLink, encodeLink } from "#core/batch/chain.js";
import { type Channel, createChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import { NO_PRIOR } from "#core/batch/prior.js";
import { PRIOR_IDS } from "#core/batch/priors/released.js";

interface Vector {
  channels: Channel[];
  slot: number;
  nextSlot: number;
  stepMs: number;
  rows: number;
  gap: number[];
  off: number[];
  lanes: number[][];
  presentInChannel1: number[];
  digest: string;
  nextDigest: string;
  blocks: { prior: number; alone: string; continued: string }[];
}

const vector: Vector = JSON.parse(
  readFileSync(new URL("../../vectors/block-format-1-priors.json", import.meta.url), "utf8"),
);
const table = createChannelTable(vector.channels);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

function columnsAt(slot: number): Columns {
  const { rows, stepMs } = vector;
  const columns = createColumns(table, rows);
  Object.assign(columns, { rows, slot, stepMs });
  columns.gap.set(vector.gap);
  columns.off.set(vector.off);
  for (const [k, lane] of vector.lanes.entries()) columns.lanes[k]?.set(lane);
  columns.counts.fill(rows);
  columns.present[1]?.set(vector.presentInChannel1);
  columns.counts[1] = vector.presentInChannel1.reduce((sum, cell) => sum + cell, 0);
  return columns;
}

describe("golden vectors of codec 2 with priors", () => {
  it("are there for every released prior and for none", () => {
    expect(vector.blocks.map(({ prior }) => prior)).toEqual([NO_PRIOR, ...PRIOR_IDS]);
  });

  describe.each(vector.blocks)("prior $prior", ({ prior, alone, continued }) => {
    const { rows, slot, nextSlot, stepMs } = vector;
    const claims = { codec: 2, plainBytes: 0, rows, slot, stepMs, prior, block: unhex(alone) };

    it("is written to the literal bytes, alone and continued", () => {
      expect(hex(encodeBlock(columnsAt(slot), table, 2, prior).block)).toBe(alone);
      const first = encodeLink(columnsAt(slot), table, prior, undefined);
      expect(hex(first.block)).toBe(alone);
      const second = encodeLink(columnsAt(nextSlot), table, prior, first.chain);
      expect(second).toMatchObject({ continues: true, followsOn: true });
      expect(hex(second.block)).toBe(continued);
    });

    it("is read from the literal bytes, alone and continued", () => {
      const into = createColumns(table);
      expect(hex(decodeBlock(claims, table, into).digest)).toBe(vector.digest);
      const first = decodeFirstLink(claims, table, into);
      expect(hex(first.digest)).toBe(vector.digest);
      const next = { ...claims, slot: nextSlot, block: unhex(continued) };
      const second = decodeLink(next, table, into, first.chain);
      expect(hex(second.digest)).toBe(vector.nextDigest);
      for (const k of [0, 2, 3, 4, 5]) {
        expect(Array.from(into.lanes[k]?.subarray(0, rows) ?? [])).toEqual(vector.lanes[k]);
      }
    });
  });
});
