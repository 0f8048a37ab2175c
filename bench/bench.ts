/**
 * `npm run -s bench -- <name> [--short]`: runs one measurement, or names them all. What a bench
 * prints on standard output is one JSON line per case; everything else goes to standard error.
 */
import { parseArgs } from "node:util";
import type { Bench } from "./harness.js";

/** Benches by name; each is the file of that name beside this one. */
const BENCHES: Readonly<Record<string, string>> = {
  memory: "memory of the packaged daemon, against a Node process that does nothing",
  modbus: "requests per poll and requests per second of the Modbus reader, on real peers",
  bytes: "bytes per reading in a batch, against JSON with gzip",
  card: "bytes a day that the backlog writes to a memory card, and what a power cut costs",
  profiles: "how far profiles agree with the register tables, and how long they take to load",
  wire: "bytes a day on the wire, both ways, from connect to close",
  growth: "what an installation costs the backend among few and among ten times as many",
  community: "averages, percentiles and ranks of a fleet, against VictoriaMetrics",
  detect: "faults found and false alarms, on labelled data (--data, --sets, --per-fault)",
  generalise: "the same on made-up folders: other machines, months, faults, columns (--sets)",
  benign: "events in a house without anything wrong, and what rings all the same",
  training: "learning, merging, solving and writing models (--installations 1000: a fleet)",
  push: "grants sealed per CPU-second, and a model pushed to a thousand connected daemons",
  home: "size of the package, start to the first poll, memory and CPU of the daemon at home",
  ingest: "readings the backend takes in durably per CPU-second",
  engines: "readings per second into VictoriaMetrics, against its own best",
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    data: { type: "string" },
    sets: { type: "string" },
    "per-fault": { type: "boolean", default: false },
    installations: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const [name, ...rest] = positionals;

if (values.help || name === undefined) {
  console.log(usage());
  process.exitCode = values.help ? 0 : 64;
} else if (BENCHES[name] === undefined || rest.length > 0) {
  console.error(`unknown bench: ${positionals.join(" ")}\n${usage()}`);
  process.exitCode = 64;
} else {
  const { run } = (await import(`./${name}.ts`)) as { run: Bench };
  const { short, data, sets } = values;
  await run({ short, data, sets, perFault: values["per-fault"], installations: toCount() });
}

/** Left out, or a whole number that training begins with. */
function toCount(): number | undefined {
  const { installations } = values;
  if (installations === undefined) return undefined;
  if (/^[1-9]\d{0,4}$/.test(installations)) return Math.max(5, Number(installations));
  throw new Error(`--installations ${installations}: a number up to 99999`);
}

function usage(): string {
  const lines = Object.entries(BENCHES).map(([key, what]) => `  ${key.padEnd(10)} ${what}`);
  return ["usage: npm run -s bench -- <name> [--short]", ...lines].join("\n");
}
