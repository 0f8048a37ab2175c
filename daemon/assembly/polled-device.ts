/** What is known of each heat pump while it is polled. */
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { AnyProfile } from "#core/profile/mqtt-profile.js";
import type { DeviceConfig } from "../config.js";
import { createEndpointQueue } from "../device/endpoint-queue.js";
import type { WatchedDevice } from "../notify/house-watch.js";
import type { DeviceState } from "../poll/poller.js";
import type { RegisterSource } from "../poll/register-source.js";
import type { TopicSource } from "../poll/topic-source.js";
import { openSource } from "./open-source.js";
import type { DaemonParts } from "./parts.js";

/** What is known of a device while it is polled. */
export interface DeviceRecord {
  readonly config: DeviceConfig;
  readonly profile: AnyProfile;
  readonly source: RegisterSource | TopicSource;
  state: DeviceState | undefined;
  newest: Snapshot | undefined;
  /** Readings of `newest` that may be shared. */
  shareable: number;
  polls: number;
  failedPolls: number;
}

export function openDevices({
  config,
  devices,
  clock,
  chance,
  log,
}: DaemonParts): readonly DeviceRecord[] {
  const queue = createEndpointQueue(clock);
  return devices.map(({ config: device, profile }) => ({
    config: device,
    profile,
    source: openSource(
      { config: device, profile },
      {
        queue,
        clock,
        chance,
        patience: "first",
        stateDir: config.stateDir,
        onNotice: (text) => log("warn", "device.notice", { device: device.deviceId, text }),
      },
    ),
    state: undefined,
    newest: undefined,
    shareable: 0,
    polls: 0,
    failedPolls: 0,
  }));
}

/** The heat pump as the owner is told about it. */
export function toWatched({ config, state }: DeviceRecord): WatchedDevice {
  const isOnline = state === undefined ? undefined : state.kind === "online";
  return { deviceId: config.deviceId, isOnline };
}
