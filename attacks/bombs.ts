/**
 * Bombs (A17): messages and files of a few kilobytes that would become objects or bytes without
 * end. Each is taken in a process of its own; what is not refused counts as accepted, and what
 * costs more than its bound of memory as a crash. CPU is told beside its budget and decides
 * nothing: other programs share the machine.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { AttackCounts, AttackSuite } from "./attack-suite.js";

const RUN = promisify(execFile);
const MIB = 1024 * 1024;
/** Of the design, for each bomb. */
export const GROWN_MAX_BYTES = 32 * MIB;
const CPU_BUDGET_MS = 20;
const SERVER = fileURLToPath(new URL("./bombs/bomb-process.ts", import.meta.url));
const DAEMON = fileURLToPath(new URL("../test/support/bomb-child.ts", import.meta.url));
/** Bombs at the backend, by name; then sealed files at the daemon. */
const BOMBS: readonly { readonly file: string; readonly name: string }[] = [
  ...[
    "deliver-devices",
    "receive-installed",
    "eligibility-unknown-fields",
    "block-says-little",
    "block-says-much",
    "http-gzip",
  ].map((name) => ({ file: SERVER, name })),
  ...["declared-small", "declared-huge", "declared-huge-raw", "catalogue-huge", "header-huge"].map(
    (name) => ({ file: DAEMON, name }),
  ),
];

/** What a bomb cost. */
interface BombReport {
  readonly bomb: string;
  /** A code, a step, or `taken`. */
  readonly verdict: string;
  readonly cpuMs: number;
  readonly grownMiB: number;
}

/** Bombs. `cases` is how many of them. */
export const bombAttacks: AttackSuite = {
  name: "bombs",
  async run({ cases = BOMBS.length, onFacts }): Promise<AttackCounts> {
    const counts = { cases: 0, accepted: 0, plaintextBytes: 0, crashes: 0 };
    for (const { file, name } of BOMBS.slice(0, cases)) {
      counts.cases += 1;
      const report = await explode(file, name);
      onFacts?.({ ...report, budgetMs: CPU_BUDGET_MS });
      if (["taken", "opened"].includes(report.verdict)) counts.accepted += 1;
      const isBroken = report.verdict.startsWith("broken");
      if (isBroken || report.grownMiB * MIB > GROWN_MAX_BYTES) counts.crashes += 1;
    }
    return counts;
  },
};

async function explode(file: string, bomb: string): Promise<BombReport> {
  const words = ["--conditions=source", "--import", "tsx", file, bomb];
  const { stdout } = await RUN(process.execPath, words);
  const told = JSON.parse(stdout) as {
    verdict?: string;
    step?: string;
    cpuMs: number;
    grownBytes: number;
  };
  return {
    bomb,
    verdict: told.verdict ?? told.step ?? "",
    cpuMs: Math.round(10 * told.cpuMs) / 10,
    grownMiB: Math.round((10 * told.grownBytes) / MIB) / 10,
  };
}
