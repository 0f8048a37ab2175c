/**
 * How a sealed batch goes over this stream: as it was sealed where the backend reads that, coded
 * anew where not; and a fresh batch as the continuation of the device's one before it, where the
 * backend keeps state. Whatever carries it, a batch keeps its content, and so its digest.
 *
 * A chain has one batch on its way: its state counts only once that batch was decided. Backlog is
 * sent self-contained, beside the chains.
 */
import { openSealed } from "#core/batch/batch-reader.js";
import { encodeBlock } from "#core/batch/block.js";
import { type Chain, encodeLink } from "#core/batch/chain.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { Columns } from "#core/batch/columns.js";
import { NO_PRIOR, type PriorId } from "#core/batch/prior.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import type { WireLink } from "#core/batch/wire-batch.js";
import type { BacklogEntry } from "../backlog/backlog.js";

/** What the welcome says about blocks. */
export interface Accepted {
  readonly codecs: readonly number[];
  readonly priors: readonly PriorId[];
  readonly keepsState: boolean;
}

/** A batch in the form in which it is sent. */
export interface Coded {
  readonly sealed: SealedBatch;
  readonly link: WireLink;
}

/** A fresh batch and where it belongs. */
export interface FreshBatch {
  readonly entry: BacklogEntry;
  /** Index into the hello's devices. */
  readonly device: number;
  readonly table: ChannelTable;
}

/** Codes the batches of one stream. */
export interface Coding {
  /** A batch that stands alone. */
  alone(entry: BacklogEntry, table: ChannelTable): Coded;
  /** A fresh one of the current epoch; `undefined`: the device's one before it has no ack. */
  fresh(batch: FreshBatch): Coded | undefined;
  /** The current epoch is decided up to this number. */
  decided(sequence: number): void;
  /** The backend has no state: none of what waits for its decision counts. */
  reset(): void;
}

interface DeviceChain {
  /** After the newest batch that was decided. */
  chain: Chain | undefined;
  /** On its way. */
  next: { readonly sequence: number; readonly chain: Chain } | undefined;
}

const RANGE_CODEC = 2;
/** What every backend reads. */
const PLAIN_CODEC = 0;
const DEFLATED_CODEC = 1;
const ALONE: WireLink = { continues: false, followsOn: false };

export function createCoding(accepted: Accepted): Coding {
  const chains = new Map<number, DeviceChain>();
  const mayChain = accepted.keepsState && accepted.codecs.includes(RANGE_CODEC);

  const reads = ({ codec, prior = NO_PRIOR }: SealedBatch): boolean =>
    accepted.codecs.includes(codec) &&
    (codec !== RANGE_CODEC || prior === NO_PRIOR || accepted.priors.includes(prior));

  const alone: Coding["alone"] = ({ sealed }, table) => {
    if (reads(sealed)) return { sealed, link: ALONE };
    const codec = accepted.codecs.includes(DEFLATED_CODEC) ? DEFLATED_CODEC : PLAIN_CODEC;
    const columns = tryOpen(sealed, table);
    if (columns === undefined) return { sealed, link: ALONE };
    const { prior: _, ...rest } = sealed;
    const recoded = { ...rest, codec, ...encodeBlock(columns, table, codec) };
    return { sealed: recoded, link: ALONE };
  };

  return {
    alone,
    fresh(batch) {
      const { entry, device, table } = batch;
      if (!mayChain || entry.sealed.codec !== RANGE_CODEC || !reads(entry.sealed)) {
        return alone(entry, table);
      }
      const state = chains.get(device) ?? { chain: undefined, next: undefined };
      chains.set(device, state);
      if (state.next !== undefined) return undefined;
      const { sealed } = entry;
      const columns = tryOpen(sealed, table);
      if (columns === undefined) return alone(entry, table);
      const prior = sealed.prior ?? NO_PRIOR;
      let link = encodeLink(columns, table, prior, state.chain);
      if (link.block.length > sealed.block.length) {
        link = encodeLink(columns, table, prior, undefined);
      }
      state.next = { sequence: entry.sequence, chain: link.chain };
      return { sealed: { ...sealed, block: link.block }, link };
    },
    decided(sequence) {
      for (const state of chains.values()) {
        if (state.next === undefined || state.next.sequence > sequence) continue;
        state.chain = state.next.chain;
        state.next = undefined;
      }
    },
    reset: () => chains.clear(),
  };
}

/** What cannot be read here goes out as it is: it is the backend's to refuse, once and for good. */
function tryOpen(sealed: SealedBatch, table: ChannelTable): Columns | undefined {
  try {
    return openSealed(sealed, table);
  } catch {
    return undefined;
  }
}
