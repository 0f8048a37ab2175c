/**
 * Binary range coder: bits with given odds to bytes and back. All arithmetic is on unsigned 32-bit
 * integers, so every machine agrees on every bit.
 *
 * The encoder keeps no pending bytes: a carry runs back through what is already written. Bytes
 * beyond the end read as zero, which is why trailing zeros are not written.
 */
import { COUNT_BITS, learnOne, learnZero } from "./codec-2-model.js";
import { malformed } from "./varint.js";

/** Probabilities are of a bit being 0, in 65536ths. */
const PROBABILITY_BITS = 16;
/** Below it a byte is shifted out or in. */
export const RANGE_MIN = 2 ** 24;

/** `state` is [low, range]: numbers above 2^31 in an array of their own are never boxed. */
export interface RangeEncoder {
  bytes: Uint8Array;
  at: number;
  readonly state: Uint32Array;
}

/** `state` is [code, range]; `at` may lie beyond the end. */
export interface RangeDecoder {
  readonly bytes: Uint8Array;
  at: number;
  readonly state: Uint32Array;
}

/** An encoder that writes to `bytes` from `at` on, and to a larger copy when they are full. */
export function createRangeEncoder(bytes: Uint8Array, at: number): RangeEncoder {
  return { bytes, at, state: Uint32Array.of(0, 0xffffffff) };
}

/** The part of `range` that stands for a 0. */
export function scale(range: number, odds: number): number {
  return Math.imul(range >>> PROBABILITY_BITS, odds >>> COUNT_BITS) >>> 0;
}

/** Encodes one bit by the odds at `k`, which learn from it. */
export function encodeBit(to: RangeEncoder, odds: Uint32Array, k: number, bit: number): void {
  const { state } = to;
  const now = odds[k] as number;
  const range = state[1] as number;
  const bound = scale(range, now);
  let left = bound;
  if (bit === 0) odds[k] = learnZero(now);
  else {
    odds[k] = learnOne(now);
    const sum = ((state[0] as number) + bound) >>> 0;
    state[0] = sum;
    if (sum < bound) carry(to);
    left = (range - bound) >>> 0;
  }
  state[1] = left;
  if (left < RANGE_MIN) shiftOut(to);
}

/** Encodes the lowest `count` bits of `value`, highest first, each as likely as not. */
export function encodeRaw(to: RangeEncoder, value: number, count: number): void {
  const { state } = to;
  for (let k = count - 1; k >= 0; k--) {
    const half = (state[1] as number) >>> 1;
    state[1] = half;
    if (((value >>> k) & 1) === 1) {
      const sum = ((state[0] as number) + half) >>> 0;
      state[0] = sum;
      if (sum < half) carry(to);
    }
    if (half < RANGE_MIN) shiftOut(to);
  }
}

/**
 * Ends the code with as few bytes as say it.
 *
 * @param from where the encoder began
 * @returns the position after the last byte
 */
export function finishEncoder(to: RangeEncoder, from: number): number {
  const { state } = to;
  const low = state[0] as number;
  const up = (low + RANGE_MIN - 1) >>> 0;
  if (up < low) carry(to);
  state[0] = (up >>> 24) << 24;
  shiftOne(to);
  while (to.at > from && to.bytes[to.at - 1] === 0) to.at--;
  return to.at;
}

function carry(to: RangeEncoder): void {
  const { bytes } = to;
  let k = to.at - 1;
  while (bytes[k] === 0xff) bytes[k--] = 0;
  bytes[k] = (bytes[k] as number) + 1;
}

/** Writes bytes until the range is wide enough. */
export function shiftOut(to: RangeEncoder): void {
  do shiftOne(to);
  while ((to.state[1] as number) < RANGE_MIN);
}

function shiftOne(to: RangeEncoder): void {
  const { state } = to;
  if (to.at === to.bytes.length) to.bytes = grow(to.bytes);
  to.bytes[to.at++] = (state[0] as number) >>> 24;
  state[0] = (state[0] as number) << 8;
  state[1] = (state[1] as number) << 8;
}

function grow(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(2 * bytes.length);
  larger.set(bytes);
  return larger;
}

/** A decoder of what begins at `at`. */
export function createRangeDecoder(bytes: Uint8Array, at: number): RangeDecoder {
  let code = 0;
  for (let k = 0; k < 4; k++) code = (code << 8) | (bytes[at + k] ?? 0);
  return { bytes, at: at + 4, state: Uint32Array.of(code, 0xffffffff) };
}

/** Decodes one bit by the odds at `k`, which learn from it. */
export function decodeBit(from: RangeDecoder, odds: Uint32Array, k: number): number {
  const { state } = from;
  const now = odds[k] as number;
  const code = state[0] as number;
  const range = state[1] as number;
  const bound = scale(range, now);
  if (code < bound) {
    odds[k] = learnZero(now);
    state[1] = bound;
    if (bound < RANGE_MIN) shiftIn(from);
    return 0;
  }
  odds[k] = learnOne(now);
  state[0] = code - bound;
  state[1] = range - bound;
  if (range - bound < RANGE_MIN) shiftIn(from);
  return 1;
}

/** Decodes `count` bits, highest first, each as likely as not. */
export function decodeRaw(from: RangeDecoder, count: number): number {
  const { state } = from;
  let value = 0;
  for (let k = 0; k < count; k++) {
    const half = (state[1] as number) >>> 1;
    const code = state[0] as number;
    const bit = code >= half ? 1 : 0;
    state[1] = half;
    if (bit === 1) state[0] = code - half;
    value = ((value << 1) | bit) >>> 0;
    if (half < RANGE_MIN) shiftIn(from);
  }
  return value;
}

/** Reads bytes until the range is wide enough. */
export function shiftIn(from: RangeDecoder): void {
  const { state, bytes } = from;
  do {
    const next = from.at < bytes.length ? (bytes[from.at] as number) : 0;
    from.at++;
    state[0] = ((state[0] as number) << 8) | next;
    state[1] = (state[1] as number) << 8;
  } while ((state[1] as number) < RANGE_MIN);
}

/**
 * After the last bit: the code must have ended where an encoder ends it.
 *
 * @param start where the decoder began
 * @throws HeatpoolError `BATCH_MALFORMED`
 */
export function finishDecoder(from: RangeDecoder, start: number): void {
  const trailing = from.bytes.length - from.at;
  if (trailing > 0) throw malformed(`${trailing} bytes after the last cell`);
  if (from.bytes.length > start && from.bytes.at(-1) === 0) {
    throw malformed("code ends with a zero byte");
  }
}
