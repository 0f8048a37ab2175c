/**
 * A block's content in memory: typed arrays, one lane per 32 bits of a channel, no object per cell.
 *
 * Encoders read it, decoders fill it, admission and rollups walk it. Buffers may be longer than
 * `rows` and are reused from block to block: copy what must last.
 */

/** Columns of one block. */
export interface Columns {
  rows: number;
  /** Slot of the first row: Unix milliseconds / step, rounded. */
  slot: number;
  /** Length of one slot in milliseconds. */
  stepMs: number;
  /** Slots skipped since the row before; the first row's is 0. */
  gap: Int32Array;
  /** Milliseconds from the row's slot, -step/2 < off <= step/2. */
  off: Int32Array;
  /** Lanes of all channels of the table, in channel order; `wide` and `f64` have two. */
  readonly lanes: Int32Array[];
  /** Per channel: 1 where a cell is present. Meaningless when `counts[c]` is 0 or `rows`. */
  readonly present: Uint8Array[];
  /** Per channel: present cells. 0: the channel is not in the block; `rows`: nothing is missing. */
  readonly counts: Int32Array;
}
