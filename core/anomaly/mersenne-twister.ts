/**
 * Chance as half-space trees want it: the numbers of CPython's `random.Random(seed).random()`, bit
 * for bit, so that a forest can be rebuilt from its seed alone.
 *
 * Source: Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998, with their
 * initialisation by array of 2002; CPython seeds it with |seed| as little-endian 32-bit words and
 * makes a double of two draws (27 and 26 bits).
 */
import assert from "node:assert";

const WORDS = 624;
/** How far behind the word lies that each new word is mixed with. */
const LAG = 397;
const MIX = 0x9908b0df;
const SEED_OF_ARRAY = 19650218;
const WORD_LIMIT = 2 ** 32;
/** The low draw's share of the 53 bits. */
const LOW_BITS = 67108864;
const BITS_53 = 9007199254740992;

/** @returns a function whose calls give the numbers in [0, 1) of CPython's generator in order */
export function createMersenneTwister(seed: number): () => number {
  assert(Number.isSafeInteger(seed), `seed ${seed} is not a whole number below 2^53`);
  const state = seedByArray(seedWords(seed));
  let at = WORDS;
  const word = (): number => {
    if (at === WORDS) {
      refill(state);
      at = 0;
    }
    return temper(state[at++] ?? 0);
  };
  return () => {
    const high = word() >>> 5;
    const low = word() >>> 6;
    return (high * LOW_BITS + low) / BITS_53;
  };
}

/** The sign does not count; 0 is one word. */
function seedWords(seed: number): readonly number[] {
  const size = Math.abs(seed);
  const high = Math.floor(size / WORD_LIMIT);
  return high === 0 ? [size] : [size % WORD_LIMIT, high];
}

function seedByArray(key: readonly number[]): Uint32Array {
  const state = seedByNumber(SEED_OF_ARRAY);
  let at = 1;
  const step = (factor: number, add: number): void => {
    const before = state[at - 1] ?? 0;
    const mixed = (state[at] ?? 0) ^ Math.imul(before ^ (before >>> 30), factor);
    state[at] = mixed + add;
    at += 1;
    if (at < WORDS) return;
    state[0] = state[WORDS - 1] ?? 0;
    at = 1;
  };
  for (let round = 0; round < Math.max(WORDS, key.length); round++) {
    const place = round % key.length;
    step(1664525, (key[place] ?? 0) + place);
  }
  for (let round = 1; round < WORDS; round++) step(1566083941, -at);
  state[0] = 0x80000000;
  return state;
}

function seedByNumber(seed: number): Uint32Array {
  const state = new Uint32Array(WORDS);
  state[0] = seed;
  for (let at = 1; at < WORDS; at++) {
    const before = state[at - 1] ?? 0;
    state[at] = Math.imul(before ^ (before >>> 30), 1812433253) + at;
  }
  return state;
}

function refill(state: Uint32Array): void {
  for (let at = 0; at < WORDS; at++) {
    const next = state[(at + 1) % WORDS] ?? 0;
    const joined = ((state[at] ?? 0) & 0x80000000) | (next & 0x7fffffff);
    const mixed = (state[(at + LAG) % WORDS] ?? 0) ^ (joined >>> 1);
    state[at] = (joined & 1) === 0 ? mixed : mixed ^ MIX;
  }
}

function temper(word: number): number {
  let value = word;
  value ^= value >>> 11;
  value ^= (value << 7) & 0x9d2c5680;
  value ^= (value << 15) & 0xefc60000;
  return (value ^ (value >>> 18)) >>> 0;
}
