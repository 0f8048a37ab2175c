/** The backlog as configured, for the daemon and for commands without one. */
import type { Backlog } from "../backlog/backlog.js";
import { openLevelBacklog } from "../backlog/level-backlog.js";
import { readBootId } from "../host/system-clock.js";
import { toDeviceStream } from "./device-streams.js";
import type { DaemonParts } from "./parts.js";

/** A screenful is less; a program may ask for more than a person reads. */
const LOSSES_SHOWN_MAX = 1_000;

export const MIB = 1024 * 1024;

/** Opens the backlog as configured. */
export async function openBacklog(
  parts: Pick<DaemonParts, "config" | "devices" | "clock" | "chance">,
  directory: string,
): Promise<Backlog> {
  const { config, devices, clock, chance } = parts;
  return openLevelBacklog({
    directory,
    streams: devices.map(toDeviceStream),
    bootId: readBootId(),
    clock,
    chance,
    commitIntervalMs: config.backlog.commitIntervalSeconds * 1000,
    limitBytes: config.backlog.limitMiB * MIB,
    whenFull: config.backlog.evict,
  });
}

/** Wipes what is on disk without a daemon; used by the command as well. */
export async function destroyRemains(
  parts: Pick<DaemonParts, "config" | "devices" | "clock" | "chance">,
  directory: string,
): Promise<void> {
  const { existsSync } = await import("node:fs");
  if (!existsSync(directory)) return;
  const backlog = await openBacklog(parts, directory);
  await backlog.wipe();
  await backlog.close();
}

/** The backlog's figures, epochs and newest losses. */
export async function reportBacklog(backlog: Backlog) {
  const losses = await backlog.losses(0, LOSSES_SHOWN_MAX);
  return { status: backlog.status(), epochs: backlog.epochs(), losses };
}
