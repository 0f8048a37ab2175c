/**
 * Attacks on the reader of certificate requests: every byte of a good request changed to every other
 * value, then bytes of a second one, then cuts, insertions and noise. None may pass, and nothing but
 * an error of ours may come out.
 */
import { generateKeyPairSync } from "node:crypto";
import { readCsr, writeCsr } from "#core/certificate/csr.js";
import { HeatpoolError } from "#core/errors.js";
import { createChance } from "../test/support/chance.js";
import { type AttackCounts, type AttackSuite, sizeOf } from "./attack-suite.js";

/** The design promises 80,000 changed ones; every day each byte takes a dozen other values. */
const SIZES = { everyday: 8_000, full: 80_000 };
/** After the mutations: cut, lengthened and random inputs; a million of them in the full suite. */
const WILD_PER_MUTATION = 12.5;
/** Noise is cut from a block of it at random places; making each anew takes longer than reading it. */
const NOISE_BYTES = 64 * 1024;
const NOISE_MAX = 3_000;
const ID = "550e8400-e29b-41d4-a716-446655440000";
const OTHER_ID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
const VALUES = 256;

/** A generator of numbers below a bound, from a seed. */
type Below = (bound: number) => number;

function createBelow(seed: number): Below {
  const chance = createChance(seed);
  return (bound) => Buffer.from(chance(4)).readUInt32LE() % bound;
}

/**
 * Good requests with one byte changed: first every change of the first request in order, then
 * changes of a second one by chance. Below the number of all, they are chosen evenly.
 */
export function* csrMutations(cases: number, seed: number): Generator<Buffer> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const first = writeCsr(ID, privateKey);
  const second = writeCsr(OTHER_ID, privateKey);
  const all = first.length * (VALUES - 1);
  const step = Math.max(1, Math.floor(all / cases));
  const below = createBelow(seed);
  let made = 0;
  for (let place = 0; place < all && made < cases; place += step, made++) {
    yield changed(first, Math.floor(place / (VALUES - 1)), 1 + (place % (VALUES - 1)));
  }
  for (; made < cases; made++) yield changed(second, below(second.length), 1 + below(VALUES - 1));
}

/** Cuts, insertions, doubled parts and noise. */
function* wildInputs(cases: number, seed: number): Generator<Buffer> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const good = writeCsr(ID, privateKey);
  const chance = createChance(seed + 1);
  const below = createBelow(seed + 2);
  const noise = Buffer.from(chance(NOISE_BYTES));
  const cut = (length: number) => {
    const from = below(NOISE_BYTES - length);
    return noise.subarray(from, from + length);
  };
  for (let made = 0; made < cases; made++) {
    const at = below(good.length);
    if (made % 4 === 0) yield good.subarray(0, at);
    else if (made % 4 === 1) yield cut(below(NOISE_MAX));
    else if (made % 4 === 2) yield Buffer.concat([good, cut(1 + below(8))]);
    else yield Buffer.concat([good.subarray(0, at), cut(1), good.subarray(at)]);
  }
}

/** `difference` is 1 to 255, so that the byte is another one. */
function changed(good: Buffer, at: number, difference: number): Buffer {
  const bytes = Buffer.from(good);
  bytes.writeUInt8(((bytes[at] ?? 0) + difference) % VALUES, at);
  return bytes;
}

/** The suite for `npm run attacks`. */
export const csrAttacks: AttackSuite = {
  name: "csr",
  async run(options): Promise<AttackCounts> {
    const { seed, onProgress } = options;
    const cases = sizeOf(options, SIZES);
    const counts = { cases: 0, accepted: 0, plaintextBytes: 0, crashes: 0 };
    const attack = (der: Buffer) => {
      counts.cases++;
      onProgress?.(counts.cases);
      try {
        readCsr(der);
        counts.accepted++;
      } catch (error) {
        const isOurs = error instanceof HeatpoolError && error.code === "CERTIFICATE_INVALID";
        if (!isOurs) counts.crashes++;
      }
    };
    for (const der of csrMutations(cases, seed)) attack(der);
    for (const der of wildInputs(Math.ceil(cases * WILD_PER_MUTATION), seed)) attack(der);
    return counts;
  },
};
