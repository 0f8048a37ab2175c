/**
 * What the daemon costs at home: one line with the size of its package, the time from its start to
 * the first poll, its memory as a ratio to a Node process that does nothing, and its share of one
 * core at a poll each 10 s. The package is built as `npm run package` builds it.
 *
 * Source: proc(5): `stat` counts ticks of 1/100 s; `smaps_rollup`.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type BenchOptions, skipCase } from "./harness.js";
import { isPackaged, type RunningDaemon, startProgramBed } from "./program-bed.js";

const POLL_SECONDS = 10;
const REST_SECONDS = 120;
const REST_SECONDS_SHORT = 20;
/** The first seconds compile; they are start, not rest. */
const SETTLE_MS = 5_000;
const TICKS_PER_SECOND = 100;
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "armhf",
};

/** See `Bench` in the harness. */
export async function run(options: BenchOptions): Promise<void> {
  const isDebian = spawnSync("dpkg-deb", ["--version"]).status === 0;
  if (!isPackaged() || !isDebian) return skipCase("home", "daemon", "npm run build; dpkg-deb");
  const restSeconds = options.short ? REST_SECONDS_SHORT : REST_SECONDS;
  const built = buildPackage();
  const bareMB = await measureBare();
  const bed = await startProgramBed();
  try {
    const startedMs = performance.now();
    const daemon = await bed.startDaemon({ pollSeconds: POLL_SECONDS, withPage: true });
    const firstPollMs = performance.now() - startedMs;
    await pause(SETTLE_MS);
    const cpuShare = await measureShare(daemon, restSeconds);
    const rssMB = readRss(daemon.pid);
    await daemon.stop();
    const line = {
      bench: "home",
      packageMB: round(built.bytes / 1e6),
      installedMB: built.installedMB,
      // Consent is written and the stream is open by then, too.
      startToFirstPollMs: Math.round(firstPollMs),
      rssMB: round(rssMB),
      bareNodeMB: round(bareMB),
      rssRatio: round(rssMB / bareMB),
      cpuShare: Number(cpuShare.toFixed(4)),
      pollSeconds: POLL_SECONDS,
      restSeconds,
      node: process.version,
      load: round(loadavg()[0] ?? Number.NaN),
    };
    console.log(JSON.stringify(line));
  } finally {
    await bed.stop();
  }
}

function buildPackage(): { bytes: number; installedMB: number } {
  const out = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  try {
    const architecture = ARCHITECTURES[process.arch] ?? "amd64";
    const args = ["scripts/package/package.mjs", "--arch", architecture, "--out", out];
    const made = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
    return JSON.parse(made.stdout) as { bytes: number; installedMB: number };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function measureBare(): Promise<number> {
  const child = spawn(process.execPath, ["-e", "setInterval(()=>{},1e9)"], { stdio: "ignore" });
  const gone = once(child, "exit");
  await pause(1_000);
  const rss = readRss(child.pid ?? 0);
  child.kill("SIGKILL");
  await gone;
  return rss;
}

async function measureShare(daemon: RunningDaemon, seconds: number): Promise<number> {
  const before = readTicks(daemon.pid);
  const beganMs = performance.now();
  await pause(seconds * 1000);
  const ticks = readTicks(daemon.pid) - before;
  const share = ticks / TICKS_PER_SECOND / ((performance.now() - beganMs) / 1000);
  const { devices } = await daemon.status();
  const [pump] = devices;
  assert.ok(pump !== undefined && pump.polls > 1 && pump.failedPolls === 0, "polls succeed");
  return share;
}

/** User and system time of a process. */
function readTicks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in brackets may hold spaces; utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** Megabytes in memory. */
function readRss(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return (Number(/^Rss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024) / 1e6;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
