// @ts-check
/**
 * Loaded before the packaged daemon (`node --import`): makes the machine's time run faster or
 * slower, so that the same program takes thousands of polls in a minute. Clocks and timers agree
 * with each other; the program itself is not touched.
 *
 * `HEATPOOL_BENCH_PACES` lists factors, `50,0.1`; the pace is 1 at first, and each SIGUSR2 goes on
 * to the next of them.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

/** The wall clock begins this much earlier, so that it never gets ahead of other machines. */
const EARLIER_MS = 12 * 3_600_000;
const SYNCED_FILE = "/run/systemd/timesync/synchronized";

const paces = (process.env.HEATPOOL_BENCH_PACES ?? "1").split(",").map(Number);
const realNs = process.hrtime.bigint;
const realMs = () => Number(realNs() / 1000n) / 1000;
/** From the zero of the one monotonic clock to that of the other. */
const beforeProcessMs = realMs() - performance.now();
const realPause = timers.setTimeout;
const realExists = fs.existsSync;

const startWallMs = Date.now() - EARLIER_MS;
const startMs = realMs();
let pace = 1;
let sinceRealMs = startMs;
let sinceMs = startMs;
const nowMs = () => sinceMs + (realMs() - sinceRealMs) * pace;

/** What the sleepers wait on beside their time. */
let turn = new AbortController();
process.on("SIGUSR2", () => {
  sinceMs = nowMs();
  sinceRealMs = realMs();
  pace = paces.shift() ?? pace;
  const before = turn;
  turn = new AbortController();
  before.abort();
});

/** @type {any} */ (timers).setTimeout = async (
  /** @type {number} */ ms,
  /** @type {unknown} */ value,
  /** @type {{ signal?: AbortSignal }} */ { signal } = {},
) => {
  const dueMs = nowMs() + ms;
  for (;;) {
    const leftMs = (dueMs - nowMs()) / pace;
    if (leftMs <= 0) return value;
    const until = new AbortController();
    const wake = () => until.abort();
    const now = turn.signal;
    signal?.addEventListener("abort", wake, { once: true });
    now.addEventListener("abort", wake, { once: true });
    await realPause(leftMs, undefined, { signal: until.signal }).catch(() => undefined);
    signal?.removeEventListener("abort", wake);
    now.removeEventListener("abort", wake);
    signal?.throwIfAborted();
  }
};
process.hrtime.bigint = () => BigInt(Math.round(nowMs() * 1e6));
performance.now = () => nowMs() - beforeProcessMs;
Date.now = () => Math.round(startWallMs + nowMs() - startMs);
// The clock is right as it is; otherwise the backend's would be taken for it.
fs.existsSync = (path) => path === SYNCED_FILE || realExists(path);
syncBuiltinESMExports();
