/**
 * Ranges of registers: what one read request asks for.
 *
 * Source: Modbus Application Protocol V1.1b3, section 6: at most 125 registers or 2,000 bits per
 * read; addresses count from 0 on the wire.
 */

/** One of the four address spaces of a Modbus device. */
export type Space = "coil" | "discrete" | "holding" | "input";

/** Consecutive registers or bits of one unit in one space. */
export interface RegisterRange {
  /** Unit identifier behind the TCP address, 0 to 255. */
  readonly unitId: number;
  readonly space: Space;
  /** First address, counted from 0. */
  readonly address: number;
  /** 16-bit words, or bits in the spaces of bits. */
  readonly count: number;
}

/** `input 1014+2`, with `@3` behind it when the unit is not 1. */
export function describeRange(range: RegisterRange): string {
  const unit = range.unitId === 1 ? "" : `@${range.unitId}`;
  return `${range.space} ${range.address}+${range.count}${unit}`;
}
