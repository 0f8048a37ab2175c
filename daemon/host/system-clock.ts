/**
 * The machine's clocks. A Pi has no real-time clock: the wall clock starts wrong and steps, so the
 * monotonic clock decides about waiting, and the wall clock is believed only after a time server
 * was heard. Where no time service of systemd runs, the backend's answer stands in for one.
 *
 * Source: systemd-timesyncd(8): `/run/systemd/timesync/synchronized` exists once the clock was set.
 * proc(5): `/proc/sys/kernel/random/boot_id`.
 */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "#core/clock.js";

/** A clock that can be told the time. */
export interface SystemClock extends Clock {
  /**
   * What another machine says the time is. Confirms the wall clock, or stands in for a wrong one,
   * as long as no time server was heard; slow answers are not believed.
   */
  learn(serverTimeMs: number, roundTripMs: number): void;
}

/** Where the clocks are; the machine's own unless a test says otherwise. */
export interface ClockSources {
  readonly syncedFile: string;
  wallMs(): number;
  monotonicMs(): number;
}

const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";
/** Node treats a longer timer as 1 ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** The time is known to half of the round trip. */
const ROUND_TRIP_MAX_MS = 2_000;
/** A wall clock this near is right. */
const RIGHT_WITHIN_MS = 1_000;

/**
 * From CLOCK_MONOTONIC's zero, which is the boot and the same for every process of it, to this
 * process's. Asked once: a poll looks at the clock at every request, and big integers are slow.
 */
const BOOT_MS = Number(process.hrtime.bigint() / 1000n) / 1000 - performance.now();

const MACHINE: ClockSources = {
  syncedFile: "/run/systemd/timesync/synchronized",
  wallMs: () => Date.now(),
  monotonicMs: () => BOOT_MS + performance.now(),
};

export function createSystemClock(sources: ClockSources = MACHINE): SystemClock {
  let isHeard = false;
  let isConfirmed = false;
  let anchor: { readonly wallMs: number; readonly monotonicMs: number } | undefined;
  const hasTimeServer = () => {
    isHeard ||= existsSync(sources.syncedFile);
    return isHeard;
  };
  return {
    nowMs() {
      if (anchor === undefined || hasTimeServer()) return sources.wallMs();
      return Math.round(anchor.wallMs + sources.monotonicMs() - anchor.monotonicMs);
    },
    monotonicMs: sources.monotonicMs,
    isSynced: () => hasTimeServer() || isConfirmed,
    async sleep(ms, signal) {
      if (signal.aborted) return;
      const timer = pause(Math.min(Math.max(ms, 0), TIMER_MAX_MS), undefined, { signal });
      await timer.catch(() => undefined);
    },
    learn(serverTimeMs, roundTripMs) {
      if (hasTimeServer() || roundTripMs > ROUND_TRIP_MAX_MS) return;
      const wallMs = serverTimeMs + roundTripMs / 2;
      isConfirmed = true;
      const isRight = Math.abs(wallMs - sources.wallMs()) <= RIGHT_WITHIN_MS;
      anchor = isRight ? undefined : { wallMs, monotonicMs: sources.monotonicMs() };
    },
  };
}

/** UUID of the operating system's current boot. */
export function readBootId(): string {
  return readFileSync(BOOT_ID_FILE, "utf8").trim();
}
