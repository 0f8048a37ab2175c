/**
 * `npm run demo`: the whole journey on one machine, in under a minute.
 *
 * A heat pump that behaves serves its registers over Modbus TCP; the real daemon reads it and
 * delivers over TLS to the real backend, beside a community of simulated homes; the connection is
 * cut for a few seconds; at the end everything taken must be stored, once. Options: `--json` prints
 * the summary as the last line, `--keep` leaves everything running. `--loop` tells another story:
 * `loop/loop.ts`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { runLoop } from "./loop/loop.js";
import { CUT_SECONDS, type Stage, setStage } from "./stage.js";
import { createView, type Facts } from "./view.js";

const options = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    loop: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
}).values;

/** Seconds after the daemon's first poll at which the connection is cut. */
const CUT_AT_SECONDS = 12;
/** After the cut the backlog has this long to drain; it usually takes a few seconds. */
const DRAIN_SECONDS_MAX = 15;

/** What the demo says at its end. */
interface Summary {
  readonly ok: boolean;
  readonly pollsDone: number;
  readonly samplesTaken: number;
  readonly samplesStored: number;
  readonly samplesLost: number;
  readonly samplesDoubled: number;
  readonly bytesPerSample: number;
  readonly bytesPerSampleCommunity: number;
  readonly outageSeconds: number;
  readonly eligible: boolean;
  readonly communityInstallations: number;
  readonly seconds: number;
}

async function main(): Promise<number> {
  if (options.help) {
    console.log("npm run demo -- [--json] [--keep]\n\n--json  print the summary as the last line");
    console.log("--keep  leave everything running and print what to try");
    console.log("npm run demo -- --loop [--short]\n");
    console.log(
      "--loop   a month contributed, a model trained and received, a fault found and mended",
    );
    console.log("--short  with five homes, as a closed test pool");
    return 0;
  }
  if (options.loop) return await runLoop(options.short);
  const folder = mkdtempSync(join(tmpdir(), "heatpool-demo-"));
  const ending = new AbortController();
  process.once("SIGINT", () => ending.abort());
  process.once("SIGTERM", () => ending.abort());
  const view = createView({ isTerminal: process.stdout.isTTY === true && !options.json });
  const startedMs = Date.now();
  let stage: Stage | undefined;
  try {
    stage = await setStage(folder, (text) => view.note(text), ending.signal);
    const summary = await play(stage, view.show, (text) => view.note(text), startedMs);
    view.end();
    report(summary, view.note);
    if (options.keep && !ending.signal.aborted) await keep(stage, view.note, ending.signal);
    if (options.json) console.log(JSON.stringify(summary));
    return summary.ok ? 0 : 1;
  } finally {
    view.end();
    await stage?.strike();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Cut, mend, drain, count. */
async function play(
  stage: Stage,
  show: (facts: Facts) => void,
  note: (text: string) => void,
  startedMs: number,
): Promise<Summary> {
  const watch = async (seconds: number, until?: () => Promise<boolean>): Promise<void> => {
    const endMs = Date.now() + seconds * 1000;
    while (Date.now() < endMs) {
      show(await stage.facts());
      if (until !== undefined && (await until())) return;
      await pause(500);
    }
  };
  await watch(CUT_AT_SECONDS);
  note(`the connection is cut for ${CUT_SECONDS} s: the backlog fills`);
  const cutMs = Date.now();
  stage.link.setCut(true);
  await watch(CUT_SECONDS);
  stage.link.setCut(false);
  const outageSeconds = (Date.now() - cutMs) / 1000;
  note("the connection is back: the backlog drains");
  await watch(5);
  stage.restHeatPump();
  await watch(DRAIN_SECONDS_MAX, async () => {
    const { backlog } = await stage.facts();
    return backlog.unsealed + backlog.snapshots === 0;
  });
  const facts = await stage.facts();
  const stored = await stage.storedReadings();
  const lost = facts.readingsTaken - stored;
  const community = await stage.community();
  return {
    ok: lost === 0 && facts.backlog.unaccounted === 0 && community.isEligible,
    pollsDone: facts.polls,
    samplesTaken: facts.readingsTaken,
    samplesStored: stored,
    samplesLost: Math.max(0, lost),
    samplesDoubled: Math.max(0, -lost),
    bytesPerSample: round(stage.link.bytesUp / Math.max(1, stored)),
    bytesPerSampleCommunity: round(stage.communityBytesPerSample()),
    outageSeconds: round(outageSeconds),
    eligible: community.isEligible,
    communityInstallations: community.installations,
    seconds: round((Date.now() - startedMs) / 1000),
  };
}

function report(summary: Summary, note: (text: string) => void): void {
  note("");
  note(summary.ok ? "Everything that was taken is stored, once." : "SOMETHING IS WRONG.");
  note(`  polls ${summary.pollsDone}, readings taken ${summary.samplesTaken}`);
  note(`  stored (counted by the backend) ${summary.samplesStored}, lost ${summary.samplesLost}`);
  note(`  bytes on the wire per reading, TLS and handshakes in: ${summary.bytesPerSample}`);
  note(`  the same for the community's day-long batches: ${summary.bytesPerSampleCommunity}`);
  note(`  outage ${summary.outageSeconds} s; eligible for models: ${summary.eligible}`);
  note(`  averages over ${summary.communityInstallations} homes; ${summary.seconds} s in all`);
}

async function keep(
  stage: Stage,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  stage.wakeHeatPump();
  note("\nEverything keeps running until Ctrl-C. Try:");
  for (const line of stage.hints()) note(`  ${line}`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

process.exitCode = await main();
