/**
 * The machine's clocks. A Pi has no real-time clock: the wall clock starts wrong and steps, so the
 * monotonic clock decides about waiting, and the wall clock is believed only after a time server
 * was heard.
 *
 * Source: systemd-timesyncd(8): `/run/systemd/timesync/synchronized` exists once the clock was set.
 * proc(5): `/proc/sys/kernel/random/boot_id`.
 */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "#core/clock.js";

const SYNCED_FILE = "/run/systemd/timesync/synchronized";
const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";
/** Node treats a longer timer as 1 ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** @param syncedFile another file that exists once the clock is right, e.g. one of chrony's */
export function createSystemClock(syncedFile = SYNCED_FILE): Clock {
  let synced = false;
  return {
    nowMs: () => Date.now(),
    // CLOCK_MONOTONIC: the origin is the boot, the same for every process of it.
    monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
    isSynced() {
      synced ||= existsSync(syncedFile);
      return synced;
    },
    async sleep(ms, signal) {
      if (signal.aborted) return;
      const timer = pause(Math.min(Math.max(ms, 0), TIMER_MAX_MS), undefined, { signal });
      await timer.catch(() => undefined);
    },
  };
}

/** UUID of the operating system's current boot. */
export function readBootId(): string {
  return readFileSync(BOOT_ID_FILE, "utf8").trim();
}
