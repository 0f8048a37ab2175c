/**
 * `npm run -s attacks [-- <suite>…] [--seed N] [--cases N] [--seconds N] [--full]`: runs every suite of this
 * folder, or those named. Each other file here that exports an `AttackSuite` is one. Everyday sizes
 * end within minutes; `--full` tries all that the design promises, which takes most of an hour.
 * Standard output is one JSON line with the sums; progress and a line for each suite go to standard
 * error. The exit status is 0 only when nothing was accepted, given out or broken.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { AttackCounts, AttackSuite } from "./attack-suite.js";

const EXIT_USAGE = 64;
const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const OWN_FILES = ["attacks.ts", "attack-suite.ts"];
/** Who watches wants a sign of life, not a line per input. */
const PROGRESS_EVERY_MS = 10_000;
const NOTHING: AttackCounts = { cases: 0, accepted: 0, plaintextBytes: 0, crashes: 0 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    cases: { type: "string" },
    seconds: { type: "string" },
    full: { type: "boolean", default: false },
  },
});

function isSuite(value: unknown): value is AttackSuite {
  if (typeof value !== "object" || value === null) return false;
  const { name, run } = value as Record<string, unknown>;
  return typeof name === "string" && typeof run === "function";
}

async function findSuites(): Promise<AttackSuite[]> {
  const files = readdirSync(FOLDER).filter(
    (name) => name.endsWith(".ts") && !OWN_FILES.includes(name),
  );
  const modules = await Promise.all(
    files.sort().map((name) => import(`./${name}`) as Promise<object>),
  );
  return modules.flatMap((module) => Object.values(module).filter(isSuite));
}

function add(sum: AttackCounts, more: AttackCounts): AttackCounts {
  return {
    cases: sum.cases + more.cases,
    accepted: sum.accepted + more.accepted,
    plaintextBytes: sum.plaintextBytes + more.plaintextBytes,
    crashes: sum.crashes + more.crashes,
  };
}

/** Says how far a suite is, now and then. */
function createProgress(subject: string): (done: number) => void {
  let saidMs = performance.now();
  return (done) => {
    if (performance.now() - saidMs < PROGRESS_EVERY_MS) return;
    saidMs = performance.now();
    console.error(JSON.stringify({ subject, done }));
  };
}

async function main(): Promise<number> {
  const suites = await findSuites();
  const seed = Number(values.seed);
  const cases = values.cases === undefined ? undefined : Number(values.cases);
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  const isKnown = positionals.every((name) => suites.some((suite) => suite.name === name));
  if (
    !isKnown ||
    ![seed, cases ?? 1, seconds ?? 1].every(Number.isSafeInteger) ||
    suites.length === 0
  ) {
    console.error(`suites: ${suites.map(({ name }) => name).join(", ")}`);
    return EXIT_USAGE;
  }
  let sum = NOTHING;
  for (const suite of suites) {
    if (positionals.length > 0 && !positionals.includes(suite.name)) continue;
    const startMs = performance.now();
    const counts = await suite.run({
      seed,
      isFull: values.full,
      onProgress: createProgress(suite.name),
      onFacts: (facts) => console.error(JSON.stringify({ subject: suite.name, ...facts })),
      ...(cases === undefined ? {} : { cases }),
      ...(seconds === undefined ? {} : { seconds }),
    });
    const took = Math.round((performance.now() - startMs) / 100) / 10;
    console.error(JSON.stringify({ subject: suite.name, ...counts, seconds: took }));
    sum = add(sum, counts);
  }
  console.log(JSON.stringify({ suite: "attacks", ...sum }));
  const isClean = sum.cases > 0 && sum.accepted + sum.plaintextBytes + sum.crashes === 0;
  return isClean ? 0 : 1;
}

process.exitCode = await main();
