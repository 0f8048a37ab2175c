/**
 * How many connections each installation has. Of more than it may have the oldest is closed, because
 * the other end of it may be gone without a word.
 */
import type { Socket } from "node:net";
import type { Clock } from "#core/clock.js";
import type { BucketSize } from "./token-bucket.js";

/** What of a connection is needed. */
export type BookedSocket = Pick<Socket, "destroy" | "once">;

/** The installations that are connected, or were a moment ago. */
export interface InstallationBook {
  /** Counts a connection. Returns whether the installation makes no more of them than a daemon does. */
  enter(installationId: string, socket: BookedSocket): boolean;
}

/** What one installation may. */
export interface InstallationLimits {
  readonly connectionsMax: number;
  /** New connections of a daemon: at once, and on average. */
  readonly usual: BucketSize;
}

/** Installations whose visits are remembered; those that came first are forgotten first. */
const REMEMBERED_MAX = 50_000;

export function createInstallationBook(
  { connectionsMax, usual }: InstallationLimits,
  clock: Pick<Clock, "monotonicMs">,
): InstallationBook {
  const open = new Map<string, BookedSocket[]>();
  /** When each has as many visits left as it had at first: a bucket in one number. */
  const restedMs = new Map<string, number>();
  const visitMs = 1000 / usual.perSecond;

  const visit = (installationId: string): boolean => {
    const nowMs = clock.monotonicMs();
    const rested = Math.max(restedMs.get(installationId) ?? nowMs, nowMs) + visitMs;
    const isUsual = rested - nowMs <= usual.burst * visitMs;
    if (!isUsual) return false;
    restedMs.delete(installationId);
    restedMs.set(installationId, rested);
    for (const [first, atMs] of restedMs) {
      if (restedMs.size <= REMEMBERED_MAX && atMs > nowMs) break;
      restedMs.delete(first);
    }
    return true;
  };
  return {
    enter(installationId, socket) {
      const sockets = open.get(installationId) ?? [];
      open.set(installationId, sockets);
      sockets.push(socket);
      socket.once("close", () => {
        const at = sockets.indexOf(socket);
        if (at >= 0) sockets.splice(at, 1);
        if (sockets.length === 0 && open.get(installationId) === sockets) {
          open.delete(installationId);
        }
      });
      if (sockets.length > connectionsMax) sockets.shift()?.destroy();
      return visit(installationId);
    },
  };
}
