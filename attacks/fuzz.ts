/**
 * Changed inputs against everything that reads what strangers wrote: model files, grants, their
 * envelopes, metadata, certificate requests, batches, hellos, profiles, Modbus answers and envelopes
 * of the earlier server. Inputs begin from `corpus/`; one that broke a reader is added there.
 *
 * Nothing may be thrown but a refusal, no input may take more than 100 ms of CPU, and memory must not
 * grow. With `--seconds N` each reader is tried for so long.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRandom } from "../test/support/chance.js";
import { type AttackCounts, type AttackOptions, type AttackSuite, sizeOf } from "./attack-suite.js";
import { createMutator } from "./fuzz/mutate.js";
import { type FuzzTarget, TARGETS } from "./fuzz/targets.js";

/** What was committed for a reader: text as it is, bytes as base64. */
interface Corpus {
  readonly entries: readonly { readonly name: string; readonly text?: string; base64?: string }[];
}

/** Inputs of all readers together; the full size is about a minute each. */
const SIZES = { everyday: 10_000, full: 3_000_000 };
const HANG_MS = 100;
/** What is slow once may be the machine; what is slow again is the input. */
const AGAIN = 2;
const GROWTH_BYTES_MAX = 256 * 1024 * 1024;
const LOOK_EVERY = 256;
/** As much of an input as a person copies into the corpus. */
const SHOWN_BYTES_MAX = 4_096;
const FOLDER = fileURLToPath(new URL("corpus/", import.meta.url));

/** The corpus of a reader. */
export function readCorpus(name: string): readonly Buffer[] {
  const { entries } = JSON.parse(readFileSync(`${FOLDER}${name}.json`, "utf8")) as Corpus;
  return entries.map(({ text, base64 }) =>
    text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text),
  );
}

/** Readers that have a corpus. */
export function corpusNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));
}

export const fuzzAttacks: AttackSuite = {
  name: "fuzz",
  async run(options) {
    const sum = { cases: 0, accepted: 0, plaintextBytes: 0, crashes: 0 };
    for (const target of TARGETS) {
      const counts = fuzz(target, options);
      sum.cases += counts.cases;
      sum.accepted += counts.accepted;
      sum.crashes += counts.crashes;
      // Whoever watches, and the collector, have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return sum;
  },
};

/** What one reader did. */
interface Tally {
  cases: number;
  accepted: number;
  crashes: number;
  taken: number;
  slowestMs: number;
}

/** Tries one reader for its share of the inputs, or for its time. */
export function fuzz(target: FuzzTarget, options: AttackOptions): AttackCounts {
  const { seed, seconds, onFacts, onProgress } = options;
  const corpus = readCorpus(target.name);
  const known = new Set(corpus.map((one) => one.toString("latin1")));
  const inputs = createMutator(corpus, createRandom(seed));
  const wanted = Math.ceil(sizeOf(options, SIZES) / TARGETS.length);
  const untilMs = performance.now() + (seconds ?? 0) * 1000;
  const startBytes = process.memoryUsage.rss();
  const tally: Tally = { cases: 0, accepted: 0, crashes: 0, taken: 0, slowestMs: 0 };
  let growth = 0;
  for (const input of corpus) attack(target, input, tally, known, onFacts);
  const isOver = () =>
    seconds === undefined ? tally.cases >= wanted : performance.now() >= untilMs;
  while (!isOver()) {
    attack(target, inputs.next(), tally, known, onFacts);
    if (tally.cases % LOOK_EVERY !== 0) continue;
    growth = Math.max(growth, process.memoryUsage.rss() - startBytes);
    onProgress?.(tally.cases);
  }
  if (growth > GROWTH_BYTES_MAX) tally.crashes += 1;
  const { cases, accepted, crashes, taken, slowestMs } = tally;
  const grownMiB = Math.round(growth / 1024 / 1024);
  onFacts?.({ target: target.name, cases, taken, crashes, slowestMs, grownMiB });
  return { cases, accepted, plaintextBytes: 0, crashes };
}

function attack(
  target: FuzzTarget,
  input: Buffer,
  tally: Tally,
  known: ReadonlySet<string>,
  onFacts: AttackOptions["onFacts"],
): void {
  tally.cases += 1;
  const tell = (what: string) =>
    onFacts?.({
      ...{ target: target.name, what, bytes: input.length },
      input: input.subarray(0, SHOWN_BYTES_MAX).toString("base64"),
    });
  try {
    const first = timed(target, input);
    if (first.isTaken) tally.taken += 1;
    let { ms } = first;
    for (let again = 0; again < AGAIN && ms > HANG_MS; again++)
      ms = Math.min(ms, timed(target, input).ms);
    tally.slowestMs = Math.max(tally.slowestMs, Math.round(ms * 10) / 10);
    if (ms > HANG_MS) {
      tally.crashes += 1;
      tell(`${Math.round(ms)} ms of CPU`);
    }
    if (first.isTaken && target.isSealed && !known.has(input.toString("latin1"))) {
      tally.accepted += 1;
      tell("taken");
    }
  } catch (error) {
    tally.crashes += 1;
    tell(String(error));
  }
}

function timed(target: FuzzTarget, input: Buffer): { isTaken: boolean; ms: number } {
  const before = process.cpuUsage();
  const isTaken = target.read(input);
  const { user, system } = process.cpuUsage(before);
  return { isTaken, ms: (user + system) / 1000 };
}
