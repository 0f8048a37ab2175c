/**
 * Channel tables: what the columns of a block mean. A table is immutable and named by its content,
 * so that a stored block stays readable for ever.
 */
import { createHash } from "node:crypto";
import type { Behaviour } from "#core/measurement/metrics.js";

/** How a value became integers; decides the lanes. */
export type ChannelEncoding = "int" | "uint" | "f32" | "wide" | "f64";

/** One channel. `int`, `uint`, `wide`: value = q * multiplier / 10 ** decimals. */
export interface Channel {
  readonly metric: string;
  readonly encoding: ChannelEncoding;
  readonly multiplier: number;
  readonly decimals: number;
  readonly kind: Behaviour;
}

/** Channels in their order, and their name. */
export interface ChannelTable {
  /** First 8 bytes of the SHA-256 of the lines. */
  readonly id: Uint8Array;
  readonly channels: readonly Channel[];
  /** Number of lanes of all channels together. */
  readonly lanes: number;
  /** Per channel its first lane, and `lanes` at the end. */
  readonly laneStarts: readonly number[];
}

/** Greatest number of channels in a table. */
export const CHANNELS_MAX = 256;

/** Lanes of one channel: two for 64-bit encodings. */
export function laneCount(encoding: ChannelEncoding): 1 | 2 {
  return encoding === "wide" || encoding === "f64" ? 2 : 1;
}

/** Names `channels` by the SHA-256 of `metric,encoding,m,d,kind` lines joined by line feeds. */
export function createChannelTable(channels: readonly Channel[]): ChannelTable {
  const lines = channels
    .map((one) => [one.metric, one.encoding, one.multiplier, one.decimals, one.kind].join(","))
    .join("\n");
  const id = new Uint8Array(createHash("sha256").update(lines).digest().subarray(0, 8));
  const laneStarts = [0];
  let lanes = 0;
  for (const one of channels) {
    lanes += laneCount(one.encoding);
    laneStarts.push(lanes);
  }
  return { id, channels, lanes, laneStarts };
}
