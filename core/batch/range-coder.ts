/**
 * Binary range coder: bits with a given probability to bytes and back. All arithmetic is on
 * unsigned 32-bit integers, so every machine agrees on every bit.
 *
 * The encoder keeps no pending bytes: a carry runs back through what is already written. Bytes
 * beyond the end read as zero, which is why trailing zeros are not written.
 */
import { malformed } from "./varint.js";

/** Probabilities are of a bit being 0, in 65536ths. */
const PROBABILITY_BITS = 16;
/** Below it a byte is shifted out or in. */
const RANGE_MIN = 2 ** 24;

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

/** Encodes one bit that is 0 with probability `p`. */
export function encodeBit(to: RangeEncoder, p: number, bit: number): void {
  const { state } = to;
  const range = state[1] as number;
  const bound = (range >>> PROBABILITY_BITS) * p;
  if (bit === 0) state[1] = bound;
  else {
    addToLow(to, bound);
    state[1] = range - bound;
  }
  while ((state[1] as number) < RANGE_MIN) shiftOut(to);
}

/** Encodes the lowest `count` bits of `value`, highest first, each as likely as not. */
export function encodeRaw(to: RangeEncoder, value: number, count: number): void {
  const { state } = to;
  for (let k = count - 1; k >= 0; k--) {
    const half = (state[1] as number) >>> 1;
    state[1] = half;
    if (((value >>> k) & 1) === 1) addToLow(to, half);
    while ((state[1] as number) < RANGE_MIN) shiftOut(to);
  }
}

/**
 * Ends the code with as few bytes as say it.
 *
 * @param from where the encoder began
 * @returns the position after the last byte
 */
export function finishEncoder(to: RangeEncoder, from: number): number {
  const low = to.state[0] as number;
  addToLow(to, (RANGE_MIN - (low % RANGE_MIN)) % RANGE_MIN);
  shiftOut(to);
  while (to.at > from && to.bytes[to.at - 1] === 0) to.at--;
  return to.at;
}

function addToLow(to: RangeEncoder, amount: number): void {
  const sum = (to.state[0] as number) + amount;
  to.state[0] = sum;
  if (sum < 2 ** 32) return;
  let k = to.at - 1;
  while (to.bytes[k] === 0xff) to.bytes[k--] = 0;
  to.bytes[k] = (to.bytes[k] as number) + 1;
}

function shiftOut(to: RangeEncoder): void {
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

/** Decodes one bit that is 0 with probability `p`. */
export function decodeBit(from: RangeDecoder, p: number): number {
  const { state } = from;
  const code = state[0] as number;
  const range = state[1] as number;
  const bound = (range >>> PROBABILITY_BITS) * p;
  const bit = code < bound ? 0 : 1;
  if (bit === 0) state[1] = bound;
  else {
    state[0] = code - bound;
    state[1] = range - bound;
  }
  while ((state[1] as number) < RANGE_MIN) shiftIn(from);
  return bit;
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
    while ((state[1] as number) < RANGE_MIN) shiftIn(from);
  }
  return value;
}

function shiftIn(from: RangeDecoder): void {
  const { state, bytes } = from;
  const next = from.at < bytes.length ? (bytes[from.at] as number) : 0;
  from.at++;
  state[0] = ((state[0] as number) << 8) | next;
  state[1] = (state[1] as number) << 8;
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
