/**
 * `npm run -s faults -- <suite> [--seeds N] [--seconds S] [--seed X] [--json]`: runs one fault suite;
 * `mutate` also takes `--cases N`.
 * Standard output is one JSON line; what went wrong, with the command that repeats it, and what a
 * person may want to watch goes to standard error. The exit status says whether all is well.
 */
import { parseArgs } from "node:util";
import { isClean, type Suite } from "./suite.js";

/** Suites by name; each is the file of that name beside this one. */
const SUITES: Readonly<Record<string, string>> = {
  kill: "SIGKILL of the real daemon and backend at random moments",
  power: "power cuts: unsynced writes dropped, torn, reordered, on real LevelDB",
  storage: "ENOSPC, EIO and a read-only disk at any call; flipped bits, cut and missing files",
  network: "cuts, stalls, half-open links, truncation, delays, replays between uplink and door",
  device: "late, doubled, short, foreign, half and missing answers of a Modbus device",
  clock: "boots in 1970 or beyond 2038, no time server, steps, reboots in between",
  mutate: "every field and byte of requests, blocks, records and files changed",
  weeks: "30 days offline with 80 registers a minute, then the drain",
  storm: "a thousand daemons reconnect at once",
  engines: "SIGKILL of VictoriaMetrics, PostgreSQL or a backend process under load",
};

const EXIT_USAGE = 64;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string" },
    cases: { type: "string" },
    seconds: { type: "string" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

async function main(): Promise<number> {
  const [name, ...rest] = positionals;
  const numbers = [values.seeds, values.seconds, values.seed, values.cases].map(toNumber);
  if (values.help) {
    console.log(usage());
    return 0;
  }
  const isKnown = name !== undefined && SUITES[name] !== undefined && rest.length === 0;
  if (!isKnown || numbers.some(Number.isNaN)) {
    console.error(`not understood: ${process.argv.slice(2).join(" ")}\n${usage()}`);
    return EXIT_USAGE;
  }
  const [seeds, seconds, seed, cases] = numbers;
  const { run } = (await import(`./${name}.ts`)) as { run: Suite };
  const startedMs = performance.now();
  const { failures, figures, ...counts } = await run({
    seed: seed ?? 1,
    seeds,
    cases,
    seconds,
    note: (text) => (values.json ? undefined : console.error(text)),
  });
  for (const failure of failures) console.error(failure);
  const took = Math.round((performance.now() - startedMs) / 100) / 10;
  console.log(JSON.stringify({ suite: name, ...counts, ...figures, seed: seed ?? 1, took }));
  return isClean({ ...counts, failures, figures }) ? 0 : 1;
}

function toNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function usage(): string {
  const lines = Object.entries(SUITES).map(([key, what]) => `  ${key.padEnd(10)} ${what}`);
  const head =
    "usage: npm run -s faults -- <suite> [--seeds N | --cases N] [--seconds S] [--seed X] [--json]";
  return [head, ...lines].join("\n");
}

process.exitCode = await main();
