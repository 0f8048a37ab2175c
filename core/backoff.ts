/**
 * How long to wait before trying again: full jitter, so that many who failed together do not come
 * back together. Pure: chance comes as an argument.
 *
 * Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015 ("full jitter").
 */
import type { Chance } from "#core/clock.js";

/** Bounds of the waits. */
export interface BackoffRange {
  /** Longest wait before the first repetition; doubles with each attempt. */
  readonly baseMs: number;
  /** Longest wait ever. */
  readonly capMs: number;
}

/** Doublings beyond which every range is at its cap; keeps the power finite. */
const DOUBLINGS_MAX = 40;

/**
 * A wait between 0 and min(cap, base * 2 ** attempt), each length as likely as any other.
 *
 * @param attempt failures so far, from 0
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, range: BackoffRange, random: () => number): number {
  const doublings = Math.min(Math.max(attempt, 0), DOUBLINGS_MAX);
  return Math.floor(random() * Math.min(range.capMs, range.baseMs * 2 ** doublings));
}

/** Uniform numbers in [0, 1) of random bytes. */
export function createUniform(chance: Chance): () => number {
  return () => chance(4).reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** 32;
}
