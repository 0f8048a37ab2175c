/** A configured heat pump as its batches, its history and the community name it. */
import type { ChannelTable } from "#core/batch/channel-table.js";
import { planChannels } from "#core/batch/device-channels.js";
import type { DeviceStream } from "../backlog/backlog.js";
import type { ConfiguredDevice } from "./parts.js";

/** The heat pump as its batches describe it. */
export function toDeviceStream({ config, profile }: ConfiguredDevice): DeviceStream {
  return {
    deviceId: config.deviceId,
    profile: profile.name,
    // The version is a hash; on the wire stand its first 32 bits.
    profileVersion: Number.parseInt(profile.version.slice(0, 8), 16),
    heatpumpModel: heatpumpModelOf({ config, profile }),
    table: planChannels(profile, config.parameters),
    stepMs: config.pollIntervalSeconds * 1000,
  };
}

/** The model by which the community compares. */
export function heatpumpModelOf({ config, profile }: ConfiguredDevice): string {
  return config.heatpumpModel ?? profile.name;
}

/** The channels that the history of a device has. */
export function tableOf(device: ConfiguredDevice): ChannelTable {
  return toDeviceStream(device).table;
}
