/**
 * How many connections each installation has: one in use, and one that takes its place. Of more the
 * oldest is closed, because the other end of it may be gone without a word.
 */
import type { Socket } from "node:net";
import type { Clock } from "#core/clock.js";

/** What of a connection is needed. */
export type BookedSocket = Pick<Socket, "destroy" | "once">;

/** The installations that are connected, or were a moment ago. */
export interface InstallationBook {
  /** Counts a connection. Returns whether the installation made none for a while. */
  enter(installationId: string, socket: BookedSocket): boolean;
}

/** What one installation may. */
export interface InstallationLimits {
  readonly connectionsMax: number;
  /** Who comes again sooner is not new. */
  readonly freshAfterMs: number;
}

/** Installations whose last visit is remembered; the earliest are forgotten first. */
const REMEMBERED_MAX = 50_000;

export function createInstallationBook(
  { connectionsMax, freshAfterMs }: InstallationLimits,
  clock: Pick<Clock, "monotonicMs">,
): InstallationBook {
  const open = new Map<string, BookedSocket[]>();
  const cameMs = new Map<string, number>();

  const noteVisit = (installationId: string): boolean => {
    const nowMs = clock.monotonicMs();
    const lastMs = cameMs.get(installationId) ?? Number.NEGATIVE_INFINITY;
    cameMs.delete(installationId);
    cameMs.set(installationId, nowMs);
    for (const [earliest, atMs] of cameMs) {
      if (cameMs.size <= REMEMBERED_MAX && nowMs - atMs < freshAfterMs) break;
      cameMs.delete(earliest);
    }
    return nowMs - lastMs >= freshAfterMs;
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
      return noteVisit(installationId);
    },
  };
}
