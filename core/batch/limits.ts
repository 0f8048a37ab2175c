/**
 * What a block may hold, and the codecs that carry one. Both ends keep to these numbers: an encoder
 * never goes beyond them and a decoder checks every claim against them before it believes it.
 */

/** One way of carrying a block's content as bytes. A number never changes its meaning. */
export interface Codec {
  readonly number: number;
  readonly name: string;
}

/** The codecs that every end of this version reads. 0 is accepted for ever. */
export const CODECS: readonly Codec[] = [
  { number: 0, name: "deltas" },
  { number: 1, name: "deltas-deflate" },
  { number: 2, name: "range" },
];

/** Format number of the block layout; another layout or meaning would be another number. */
export const BLOCK_FORMAT = 1;

/** Snapshots in a block: a day of minutes and some. */
export const ROWS_MAX = 2_000;

/** Rows x lanes of a block; bounds the memory and time of decoding, whatever the bytes say. */
export const CELLS_MAX = 256_000;

/** Bytes of an encoded block: a message of 512 KiB with room for what is around it. */
export const BLOCK_BYTES_MAX = 480 * 1024;

/** Bytes of a block in codec 0, the form that is hashed. */
export const PLAIN_BYTES_MAX = 8 * 1024 * 1024;

/** Slots from the first row to the last, both counted. */
export const SLOTS_MAX = 2 ** 20;

/** Shortest and longest slot of the time grid. */
export const STEP_MS_MIN = 1_000;
export const STEP_MS_MAX = 3_600_000;

/** Whether blocks with this codec number can be read. */
export function isCodec(number: number): boolean {
  return CODECS.some((codec) => codec.number === number);
}

/**
 * A row this near to its slot, as a share of the step and at most, is stamped with the slot: 1 s of
 * a minute. The jitter of a poll loop says nothing about the heat pump and is 6 % of a day's bytes.
 */
const TIME_TOLERANCE_SHARE = 1 / 60;
const TIME_TOLERANCE_MS_MAX = 1_000;

/** How near to its slot a row is stamped with it, in whole milliseconds. */
export function timeToleranceOf(stepMs: number): number {
  return Math.floor(Math.min(TIME_TOLERANCE_MS_MAX, stepMs * TIME_TOLERANCE_SHARE));
}
