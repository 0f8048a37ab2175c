/**
 * Priors: what codec 2 expects of a lane before it has seen it, learnt beforehand on other houses.
 *
 * A prior is a list of named sets, one set of odds for all 231 contexts. A lane takes the set of
 * its own channel, else the set of its channel's kind, else it starts from nothing; so one prior by
 * kind serves every profile there will ever be. A prior is named by its bytes: a released one never
 * changes and is kept for ever, because stored blocks need it.
 */
import { createHash } from "node:crypto";
import type { Channel, ChannelTable } from "./channel-table.js";
import { CONTEXTS, COUNT_BITS, COUNT_MAX } from "./codec-2-model.js";
import { malformed } from "./varint.js";

/** First four bytes of the SHA-256 of the prior's bytes, little-endian; 0: none. */
export type PriorId = number;

/** Starts from nothing. */
export const NO_PRIOR: PriorId = 0;

/** A prior, ready to start lanes from. */
export interface Prior {
  readonly id: PriorId;
  /** Odds of all contexts by name of the set. */
  readonly sets: ReadonlyMap<string, Uint32Array>;
}

/** Version of the bytes below. */
const VERSION = 1;
/** Version and number of sets. */
const HEADER_BYTES = 3;
const SETS_MAX = 512;

/** Sets of the two time lanes. */
export const GAP_SET = "gap";
export const OFF_SET = "off";

/** The set of one channel alone: its metric in steps of its resolution. */
export function channelSet({ metric, multiplier, decimals }: Channel): string {
  return `${metric},${multiplier},${decimals}`;
}

/**
 * The name of the set that a lane starts from; `undefined`: from nothing. Bits of floats, and the
 * upper half of wide numbers, do not behave as their kind does.
 */
export function setOfLane(
  prior: Pick<Prior, "sets">,
  table: ChannelTable,
  lane: number,
): string | undefined {
  if (lane === table.lanes) return GAP_SET;
  if (lane === table.lanes + 1) return OFF_SET;
  const c = table.laneStarts.findLastIndex((start) => start <= lane);
  const channel = table.channels[c];
  if (channel === undefined || channel.encoding === "f32" || channel.encoding === "f64") {
    return undefined;
  }
  if (channel.encoding === "wide" && lane === table.laneStarts[c]) return undefined;
  const own = channelSet(channel);
  return prior.sets.has(own) ? own : channel.kind;
}

/** Odds of every lane of `table` under `prior`, then of gap and off. */
export function oddsOf(prior: Prior, table: ChannelTable, empty: Uint32Array): Uint32Array {
  const lanes = table.lanes + 2;
  const odds = new Uint32Array(lanes * CONTEXTS);
  for (let lane = 0; lane < lanes; lane++) {
    const name = setOfLane(prior, table, lane);
    const set = name === undefined ? undefined : prior.sets.get(name);
    odds.set(set ?? empty, lane * CONTEXTS);
  }
  return odds;
}

/** The name of a prior's bytes. */
export function priorIdOf(bytes: Uint8Array): PriorId {
  return createHash("sha256").update(bytes).digest().readUInt32LE(0);
}

/**
 * The bytes of a prior: version, u16le number of sets, their names (length, ASCII), then of all
 * sets the probabilities (u16le, of a 0 in 65536ths), then the counts (u8).
 *
 * @internal training writes them, the programs only read
 */
export function writePrior(sets: ReadonlyMap<string, Uint32Array>): Uint8Array {
  const names = [...sets.keys()].map((name) => Buffer.from(name, "ascii"));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(VERSION, 0);
  header.writeUInt16LE(sets.size, 1);
  const cells = sets.size * CONTEXTS;
  const body = Buffer.alloc(3 * cells);
  let k = 0;
  for (const odds of sets.values()) {
    for (const one of odds) {
      body.writeUInt16LE(one >>> COUNT_BITS, 2 * k);
      body.writeUInt8(one & COUNT_MAX, 2 * cells + k);
      k++;
    }
  }
  const lines = names.flatMap((name) => [Buffer.of(name.length), name]);
  return new Uint8Array(Buffer.concat([header, ...lines, body]));
}

/** Reads what `writePrior` wrote. @throws HeatpoolError `BATCH_MALFORMED` */
export function readPrior(bytes: Uint8Array): Prior {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length < HEADER_BYTES ? 0 : buffer.readUInt16LE(1);
  if (bytes[0] !== VERSION || count < 1 || count > SETS_MAX) throw malformed("prior of no version");
  const names: string[] = [];
  let at = HEADER_BYTES;
  for (let k = 0; k < count; k++) {
    const end = at + 1 + (bytes[at] ?? 0);
    names.push(buffer.toString("ascii", at + 1, end));
    at = end;
  }
  const cells = count * CONTEXTS;
  if (bytes.length !== at + 3 * cells) throw malformed(`prior of ${bytes.length} bytes`);
  const sets = names.map((name, k): [string, Uint32Array] => [
    name,
    Uint32Array.from({ length: CONTEXTS }, (_, context) => {
      const cell = k * CONTEXTS + context;
      const probability = buffer.readUInt16LE(at + 2 * cell);
      return (probability << COUNT_BITS) | (bytes[at + 2 * cells + cell] as number);
    }),
  ]);
  return { id: priorIdOf(bytes), sets: new Map(sets) };
}
