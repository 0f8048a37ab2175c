/**
 * The machine's clocks. A Pi has no real-time clock: the wall clock starts wrong and steps, so the
 * monotonic clock decides about waiting, and the wall clock is believed only after a time server
 * was heard. Where nothing on the machine says so, the backend's time will do.
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
/** An answer that took longer says too little about the time. */
const ROUND_TRIP_MAX_MS = 2_000;
/** Below this difference the machine's own clock is taken as right. */
const OFFSET_MIN_MS = 1_000;
/** No time before this program was written is believed, whoever says it. */
const WRITTEN_MS = Date.UTC(2026, 10, 1);

/** The machine's clocks, and what the backend said about the time. */
export interface SystemClock extends Clock {
  /**
   * Hears the backend's time; believed only while nothing on this machine vouches for its clock.
   *
   * @param serverMs Unix milliseconds at some instant of the round trip
   */
  learn(serverMs: number, roundTripMs: number): void;
}

/** @param syncedFile another file that exists once the clock is right, e.g. one of chrony's */
export function createSystemClock(syncedFile = SYNCED_FILE): SystemClock {
  let synced = false;
  let offsetMs: number | undefined;
  return {
    nowMs: () => Date.now() + (synced ? 0 : (offsetMs ?? 0)),
    learn(serverMs, roundTripMs) {
      if (roundTripMs > ROUND_TRIP_MAX_MS || serverMs < WRITTEN_MS) return;
      const difference = Math.round(serverMs + roundTripMs / 2 - Date.now());
      offsetMs = Math.abs(difference) < OFFSET_MIN_MS + roundTripMs ? 0 : difference;
    },
    // CLOCK_MONOTONIC: the origin is the boot, the same for every process of it.
    monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
    isSynced() {
      synced ||= existsSync(syncedFile);
      return synced || offsetMs !== undefined;
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
