/**
 * Blocks of every codec, alone and as the next of a chain, and the state of a chain: whoever decodes
 * them has the four bytes of the digest that travel, and has to notice every other content by them.
 */
import fc from "fast-check";
import { decodeBlock, encodeBlock } from "#core/batch/block.js";
import { type Chain, decodeFirstLink, decodeLink, encodeLink } from "#core/batch/chain.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { copyModel, createModel, type Model } from "#core/batch/codec-2-model.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import { digestCheck } from "#core/batch/digest.js";
import { NO_PRIOR } from "#core/batch/prior.js";
import { KIND_PRIOR } from "#core/batch/priors/released.js";
import { columnsOf, contentOf, tables } from "../test/support/block-samples.js";
import { isSame, judgeBy, type Victim } from "./mutate-victim.js";

const CODECS = [
  { name: "codec 0", codec: 0, prior: NO_PRIOR },
  { name: "codec 1", codec: 1, prior: NO_PRIOR },
  { name: "codec 2", codec: 2, prior: NO_PRIOR },
  { name: "codec 2, prior", codec: 2, prior: KIND_PRIOR },
];

/** Victims of one seed. */
export function blockVictims(seed: number): Victim[] {
  const [table] = fc.sample(tables, { seed, numRuns: 1 });
  if (table === undefined) return [];
  const [columns] = fc.sample(columnsOf(table), { seed, numRuns: 1 });
  if (columns === undefined) return [];
  return [
    ...CODECS.map((one) => aloneVictim(table, columns, one)),
    ...chainVictims(table, columns),
  ];
}

function aloneVictim(
  table: ChannelTable,
  columns: Columns,
  { name, codec, prior }: (typeof CODECS)[number],
): Victim {
  const { block, plainBytes, digest } = encodeBlock(columns, table, codec, prior);
  const { rows, slot, stepMs } = columns;
  const claims = { rows, slot, stepMs, codec, prior, plainBytes: codec === 1 ? plainBytes : 0 };
  const into = createColumns(table);
  const content = contentOf(columns, table);
  return {
    name,
    sound: () => block,
    judge: (mutated) =>
      judgeBy(() => {
        const found = decodeBlock({ ...claims, block: mutated }, table, into);
        if (digestCheck(found.digest) !== digestCheck(digest)) return "rejected";
        return isSame(contentOf(into, table), content) ? "same" : "wrong";
      }),
  };
}

/** A second block, and the model that it continues; either may be what changed. */
function chainVictims(table: ChannelTable, columns: Columns): Victim[] {
  const first = encodeLink(columns, table, KIND_PRIOR, undefined);
  const later = { ...columns, slot: first.chain.nextSlot };
  const second = encodeLink(later, table, KIND_PRIOR, first.chain);
  // Another day begins another chain.
  if (!second.continues) return [];
  const { rows, slot, stepMs } = later;
  const claims = { rows, slot, stepMs, codec: 2, plainBytes: 0 };
  const { digest } = encodeBlock(later, table, 0);
  const into = createColumns(table);
  const firstClaims = { ...claims, slot: columns.slot, block: first.block, prior: KIND_PRIOR };
  const { chain } = decodeFirstLink(firstClaims, table, into);
  const content = contentOf(later, table);
  const decode = (block: Uint8Array, from: Chain) =>
    judgeBy(() => {
      const found = decodeLink({ ...claims, block }, table, into, from);
      if (digestCheck(found.digest) !== digestCheck(digest)) return "rejected";
      return isSame(contentOf(into, table), content) ? "same" : "wrong";
    });
  const state = new Uint8Array(Buffer.concat(partsOf(chain.model)));
  return [
    {
      name: "chained block",
      sound: () => second.block,
      judge: (mutated) => decode(mutated, { ...chain, model: copyOf(chain.model) }),
    },
    {
      name: "chain state",
      sound: () => state,
      judge: (mutated) =>
        decode(second.block, { ...chain, model: withBytes(chain.model, mutated) }),
    },
  ];
}

function partsOf({ odds, last, history, seen, gone }: Model): Uint8Array[] {
  return [odds, last, history, seen, gone].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
}

function copyOf(model: Model): Model {
  const copy = createModel(model.lanes);
  copyModel(model, copy);
  return copy;
}

/** The model with other bytes, as far as they reach. */
function withBytes(model: Model, bytes: Uint8Array): Model {
  const copy = copyOf(model);
  let at = 0;
  for (const part of partsOf(copy)) {
    part.set(bytes.subarray(at, at + part.length));
    at += part.length;
  }
  return copy;
}
