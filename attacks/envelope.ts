/**
 * Altered model files and grants against the daemon's reader.
 *
 * Every bit of header, first and last chunk and of the grant, every truncation, chunks swapped,
 * dropped, doubled, and random damage; the catalogue is made to agree with each altered file, so
 * that only the cryptography stands between. Then HPKE round trips with the library's own suite,
 * where a secret that does not come back counts as a crash.
 */
import { createHash } from "node:crypto";
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { createModelOpener, type ExpectedModel } from "#core/envelope/model-open.js";
import { createChance, createRandom } from "../test/support/chance.js";
import { roundTrip } from "../test/support/hpke-round-trip.js";
import {
  cek,
  expectedOf,
  grantVectors,
  openPushed,
  plainOf,
  sealPlain,
  vectorState,
} from "../test/support/model-file.js";
import { type AttackCounts, type AttackSuite, sizeOf } from "./attack-suite.js";

/** Two chunks, the last a short one. */
const PLAIN_BYTES = 67_000;
const CHUNK = 65_552;
/** A third each for files, grants and round trips; full is every bit and every length. */
const SIZES = { everyday: 24_000, full: Number.POSITIVE_INFINITY };
const ROUND_TRIPS = 10_000;
const RANDOM_DAMAGES = 3_000;
/** A piece as it comes from the network. */
const PIECE = 16_384;

/** Makes an altered input; nothing is made for those that a short run leaves out. */
type Alteration = () => Buffer;

interface Counter {
  readonly counts: { cases: number; accepted: number; plaintextBytes: number; crashes: number };
  /** One more input. */
  begin(): void;
}

export const envelopeAttacks: AttackSuite = {
  name: "envelope",
  async run(options): Promise<AttackCounts> {
    const { seed, onProgress } = options;
    const counter = createCounter(onProgress);
    const most = sizeOf(options, SIZES);
    attackFiles(counter, seed, most / 3);
    await attackGrants(counter, seed, most / 3);
    await exchangeSecrets(counter, seed, Math.min(ROUND_TRIPS, Math.ceil(most / 3)));
    return counter.counts;
  },
};

function createCounter(onProgress: ((done: number) => void) | undefined): Counter {
  const counts = { cases: 0, accepted: 0, plaintextBytes: 0, crashes: 0 };
  return {
    counts,
    begin() {
      counts.cases++;
      onProgress?.(counts.cases);
    },
  };
}

/** Every n-th of `all`, so that a short run still sees all kinds of them. */
function thin(all: readonly Alteration[], most: number): readonly Alteration[] {
  const stride = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, place) => place % stride === 0);
}

function attackFiles(counter: Counter, seed: number, most: number): void {
  const plain = plainOf(PLAIN_BYTES);
  const file = sealPlain(plain);
  const expected = expectedOf(file, plain);
  for (const alter of thin([...alterChunks(file), ...alterBytes(file, seed)], most)) {
    const altered = alter();
    // The catalogue agrees with the altered file; only the plaintext is what it was.
    const sha256 = createHash("sha256").update(altered).digest("hex");
    readAltered(counter, altered, { ...expected, length: altered.length, sha256 });
  }
}

function readAltered(counter: Counter, file: Buffer, expected: ExpectedModel): void {
  counter.begin();
  try {
    const opener = createModelOpener(cek, expected);
    for (let at = 0; at < file.length; at += PIECE)
      if (!opener.push(file.subarray(at, at + PIECE))) break;
    const opened = opener.finish();
    if (!("plain" in opened)) return;
    counter.counts.accepted++;
    counter.counts.plaintextBytes += opened.plain.length;
  } catch {
    counter.counts.crashes++;
  }
}

/** Chunks exchanged, left out, doubled, and files joined. */
function alterChunks(file: Buffer): Alteration[] {
  const start = 12 + file.readUInt32BE(8);
  const [head, one, two] = [
    file.subarray(0, start),
    file.subarray(start, start + CHUNK),
    file.subarray(start + CHUNK),
  ];
  const orders = [
    [two, one],
    [one],
    [two],
    [one, one],
    [two, two],
    [one, one, two],
    [one, two, two],
    [one, two, one],
    [],
    [one, two, head, one, two],
    [one, two, Buffer.alloc(1)],
  ];
  return orders.map((parts) => () => Buffer.concat([head, ...parts]));
}

/** Every bit, every truncation, and random damage. */
function alterBytes(bytes: Buffer, seed: number): Alteration[] {
  const all: Alteration[] = [];
  for (let byte = 0; byte < bytes.length; byte++) {
    for (let bit = 0; bit < 8; bit++) all.push(() => flip(bytes, byte, bit));
    all.push(() => bytes.subarray(0, byte));
  }
  const random = createRandom(seed);
  for (let damage = 0; damage < RANDOM_DAMAGES; damage++) all.push(() => harm(bytes, random));
  return all;
}

function flip(bytes: Buffer, byte: number, bit: number): Buffer {
  const altered = Buffer.from(bytes);
  altered.writeUInt8((altered[byte] ?? 0) ^ (1 << bit), byte);
  return altered;
}

/** A run of bytes overwritten, removed or inserted. */
function harm(bytes: Buffer, random: () => number): Buffer {
  const at = Math.floor(random() * bytes.length);
  const length = 1 + Math.floor(random() * 40);
  const noise = Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * 256)));
  const isRemoval = random() < 0.3;
  const rest = bytes.subarray(at + (random() < 0.5 ? length : 0));
  const parts = [bytes.subarray(0, at), ...(isRemoval ? [] : [noise]), rest];
  const altered = Buffer.concat(parts);
  return altered.equals(bytes) ? flip(bytes, at, 0) : altered;
}

async function attackGrants(counter: Counter, seed: number, most: number): Promise<void> {
  const accepted = grantVectors.cases.find(({ expect }) => expect === "accept");
  const rejected = grantVectors.cases.filter(({ expect }) => expect === "reject");
  for (const alter of thin(alterBytes(Buffer.from(accepted?.envelope ?? ""), seed), most))
    await judge(counter, alter().toString("utf8"));
  for (const { envelope } of rejected) await judge(counter, envelope);
}

const state = vectorState();

async function judge(counter: Counter, envelope: string): Promise<void> {
  counter.begin();
  try {
    const opened = await openPushed(envelope, state);
    if (!("plain" in opened)) return;
    counter.counts.accepted++;
    counter.counts.plaintextBytes += opened.plain.length;
  } catch {
    counter.counts.crashes++;
  }
}

async function exchangeSecrets(counter: Counter, seed: number, trips: number): Promise<void> {
  const chance = createChance(seed);
  const kem = new DhkemX25519HkdfSha256();
  const stock = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Chacha20Poly1305() });
  for (let trip = 0; trip < trips; trip++) {
    counter.begin();
    if (!(await roundTrip({ kem, stock }, chance))) counter.counts.crashes++;
  }
}
