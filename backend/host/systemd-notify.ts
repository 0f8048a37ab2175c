/**
 * Tells systemd how we are. Node cannot open a Unix datagram socket, so the program
 * `systemd-notify` carries each message; without `NOTIFY_SOCKET` nobody listens and nothing runs.
 *
 * Source: sd_notify(3), systemd.service(5) `WatchdogSec=`.
 */
import { execFile } from "node:child_process";
import type { Clock } from "#core/clock.js";

/** Sends assignments such as `READY=1`; never throws, never waits. */
export type Notify = (...assignments: string[]) => void;

const PROGRAM = "/usr/bin/systemd-notify";
const CALL_MAX_MS = 5_000;

/** @param notifySocket value of `NOTIFY_SOCKET`, `undefined` outside of systemd */
export function createNotify(notifySocket: string | undefined): Notify {
  if (notifySocket === undefined) return () => undefined;
  const env = { NOTIFY_SOCKET: notifySocket };
  return (...assignments) => {
    // A message that does not arrive is told by systemd itself: it restarts the unit.
    execFile(PROGRAM, assignments, { env, timeout: CALL_MAX_MS }, () => undefined);
  };
}

/**
 * Feeds the watchdog twice per `watchdogMs`. A backend that hangs feeds nobody; one whose disk is
 * full says so by its health, and would not be helped by a restart.
 */
export async function runWatchdog(
  deps: { notify: Notify; clock: Pick<Clock, "sleep">; watchdogMs: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    deps.notify("WATCHDOG=1");
    await deps.clock.sleep(deps.watchdogMs / 2, signal);
  }
}
