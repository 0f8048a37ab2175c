// @ts-check
/**
 * Loaded before a packaged program (`node --import`): its clocks are the machine's plus what a file
 * says, so that all programs that read the same file live at the same instant and leap together, as
 * if the machine had been suspended. The program itself is not touched; its sockets and disks are
 * real, and between two leaps its time is the machine's.
 *
 * The file (`?file=` of this module's address) holds one float64, little-endian: milliseconds that
 * time is ahead. It is read at the start and when SIGUSR2 says that it has changed, never in between:
 * who reckons how long to sleep and then sleeps must not find that time has leapt meanwhile. Sleepers
 * then look whether they are due.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

const SYNCED_FILE = "/run/systemd/timesync/synchronized";
/** Longer timers are taken for the shortest. */
const TIMER_MAX_MS = 2 ** 31 - 1;

const file = fs.openSync(new URL(import.meta.url).searchParams.get("file") ?? "", "r");
const bytes = Buffer.alloc(8);
function readAhead() {
  fs.readSync(file, bytes, 0, bytes.length, 0);
  return bytes.readDoubleLE();
}
let aheadMs = readAhead();

const realNs = process.hrtime.bigint;
const realNow = performance.now.bind(performance);
const realPause = timers.setTimeout;
const realExists = fs.existsSync;
const realWall = Date.now;
const nowMs = () => realNow() + aheadMs;

/** What the sleepers wait on beside their time. */
let turn = new AbortController();
process.on("SIGUSR2", () => {
  aheadMs = readAhead();
  const before = turn;
  turn = new AbortController();
  before.abort();
});

/** @type {any} */ (timers).setTimeout = async (
  /** @type {number} */ ms,
  /** @type {unknown} */ value,
  /** @type {import("node:timers").TimerOptions} */ { signal, ref = true } = {},
) => {
  const dueMs = nowMs() + (ms ?? 0);
  for (;;) {
    signal?.throwIfAborted();
    const leftMs = dueMs - nowMs();
    if (leftMs <= 0) return value;
    const until = new AbortController();
    const wake = () => until.abort();
    const now = turn.signal;
    signal?.addEventListener("abort", wake, { once: true });
    now.addEventListener("abort", wake, { once: true });
    const waitMs = Math.min(leftMs, TIMER_MAX_MS);
    await realPause(waitMs, undefined, { signal: until.signal, ref }).catch(() => undefined);
    signal?.removeEventListener("abort", wake);
    now.removeEventListener("abort", wake);
  }
};
process.hrtime.bigint = () => realNs() + BigInt(Math.round(aheadMs * 1e6));
performance.now = nowMs;
Date.now = () => realWall() + Math.round(aheadMs);
globalThis.Date = new Proxy(Date, {
  construct: (target, args, made) =>
    Reflect.construct(target, args.length === 0 ? [Date.now()] : args, made),
  apply: () => new Date().toString(),
});
// The clock is right as it is; otherwise one program's would be taken for the other's.
fs.existsSync = (path) => path === SYNCED_FILE || realExists(path);
syncBuiltinESMExports();
