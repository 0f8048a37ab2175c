/**
 * Chains: blocks of codec 2 that start from where the block before them ended, so that only a
 * chain's first rows cost what first rows cost.
 *
 * A chain lives on one stream, for one device and one set of columns, at most one UTC day. The
 * encoder works on a copy that its caller adopts when the block is acknowledged; the decoder's state
 * is lost when a block turns out to be damaged. Whoever has no state any more says so, and the same
 * block comes self-contained.
 */

import { decodeBlock } from "./block.js";
import { type BlockClaims, checkFacts, checkTimes } from "./block-checks.js";
import type { ChannelTable } from "./channel-table.js";
import { encodeRange } from "./codec-2-encoder.js";
import type { StartModel } from "./codec-2-lanes.js";
import { copyModel, createModel, type Model, modelBytes } from "./codec-2-model.js";
import { startAlone } from "./codec-2-start.js";
import type { Columns } from "./columns.js";
import { type Layout, planLayout } from "./layout.js";
import type { PriorId } from "./prior.js";
import { malformed } from "./varint.js";

/** Where a chain stands after its newest block. */
export interface Chain {
  /** Index into the table's channels, of the columns that every block has. */
  readonly channels: readonly number[];
  readonly model: Model;
  /** Right after the newest row. */
  readonly nextSlot: number;
  /** UTC day of the first block's first row. */
  readonly day: number;
  readonly blocks: number;
}

/** A block and the chain after it. */
export interface Link {
  readonly block: Uint8Array;
  /** Whether it needs the chain that it was made from. */
  readonly continues: boolean;
  /** Whether its first row is in the slot after that chain's last. */
  readonly followsOn: boolean;
  /** To be adopted once the block is acknowledged. */
  readonly chain: Chain;
}

/** A day of 5-minute blocks. */
export const CHAIN_BLOCKS_MAX = 288;

const DAY_MS = 86_400_000;

/** Bytes that a chain keeps in memory. */
export function chainBytes({ model }: Chain): number {
  return modelBytes(model);
}

/**
 * Encodes what `columns` hold as the next block of `chain`, or as the first of another one where
 * the rules or the columns do not allow that. Neither chain nor columns are changed.
 *
 * @param prior what a first block starts from
 */
export function encodeLink(
  columns: Columns,
  table: ChannelTable,
  prior: PriorId,
  chain: Chain | undefined,
): Link {
  checkFacts(columns);
  checkTimes(columns);
  const { channels, lanes } = planLayout(columns, table);
  const day = dayOf(columns);
  const before = chain !== undefined && mayContinue(chain, channels, day) ? chain : undefined;
  const model = createModel(lanes);
  const start: StartModel = (layout) => {
    copyModel(before === undefined ? startAlone(table, prior)(layout) : before.model, model);
    return model;
  };
  const block = encodeRange(columns, table, start);
  const nextSlot = slotAfter(columns);
  return {
    block,
    continues: before !== undefined,
    followsOn: before?.nextSlot === columns.slot,
    chain: {
      channels,
      model,
      nextSlot,
      day: before?.day ?? day,
      blocks: (before?.blocks ?? 0) + 1,
    },
  };
}

/** A decoded block and the chain after it. */
export interface DecodedLink {
  readonly digest: Uint8Array;
  readonly chain: Chain;
}

/**
 * Decodes the next block of `chain` into `into`; afterwards, and after an error too, `chain` means
 * nothing any more.
 *
 * @param of its slot is that of the first row
 * @throws HeatpoolError `BATCH_MALFORMED`, `BATCH_TOO_LARGE` as `decodeBlock`, and where the block
 *   may not continue this chain
 */
export function decodeLink(
  of: BlockClaims,
  table: ChannelTable,
  into: Columns,
  chain: Chain,
): DecodedLink {
  const { model, channels } = chain;
  if (chain.blocks >= CHAIN_BLOCKS_MAX) throw malformed(`chain of more than ${CHAIN_BLOCKS_MAX}`);
  const { digest } = decodeBlock(of, table, into, (layout) => {
    if (!isSame(layout.channels, channels)) throw malformed("continues a block of other columns");
    return model;
  });
  if (dayOf(into) !== chain.day) throw malformed("continues a block of another day");
  const { day, blocks } = chain;
  return { digest, chain: { channels, model, nextSlot: slotAfter(into), day, blocks: blocks + 1 } };
}

/**
 * Decodes a self-contained block of codec 2 as the first of a chain.
 *
 * @param reused a chain that is over; its memory is taken
 * @throws HeatpoolError as `decodeBlock`
 */
export function decodeFirstLink(
  of: BlockClaims,
  table: ChannelTable,
  into: Columns,
  reused?: Chain,
): DecodedLink {
  const start = startAlone(table, of.prior ?? 0);
  let began: { layout: Layout; model: Model } | undefined;
  const { digest } = decodeBlock(of, table, into, (layout) => {
    const fits = reused?.model.lanes === layout.lanes;
    const model = fits ? reused.model : createModel(layout.lanes);
    copyModel(start(layout), model);
    began = { layout, model };
    return model;
  });
  if (began === undefined) throw malformed("not a block of codec 2");
  const { layout, model } = began;
  const chain = { channels: layout.channels, model, nextSlot: slotAfter(into), day: dayOf(into) };
  return { digest, chain: { ...chain, blocks: 1 } };
}

function mayContinue(chain: Chain, channels: readonly number[], day: number): boolean {
  return chain.blocks < CHAIN_BLOCKS_MAX && chain.day === day && isSame(chain.channels, channels);
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((one, k) => one === b[k]);
}

function dayOf({ slot, stepMs }: Columns): number {
  return Math.floor((slot * stepMs) / DAY_MS);
}

function slotAfter({ slot, gap, rows }: Columns): number {
  let next = slot;
  for (let row = 0; row < rows; row++) next += 1 + (gap[row] as number);
  return next;
}
