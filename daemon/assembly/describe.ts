/** What the daemon says about itself, for `heatpool status` and the page. */
import { warnAboutNode } from "../host/node-floor.js";
import type { RegisterSource } from "../poll/register-source.js";
import type { TopicSource } from "../poll/topic-source.js";
import { MIB } from "./open-backlog.js";
import type { Rooms } from "./rooms.js";

export function describeDaemon(of: Rooms): unknown {
  const { parts, sharing, self } = of;
  return {
    version: parts.version,
    warning: warnAboutNode(process.version),
    installationId: self.installationId,
    clockSynced: parts.clock.isSynced(),
    consent: sharing.state.status,
    backend: parts.config.backend?.url,
    identity: self.kept?.keeper.describe(),
    uplink: of.uplink(),
    ...of.models?.describe(),
    backlog: sharing.queue?.status(),
    history: of.history?.status(),
    notices: of.notices?.states(),
    homeAssistant: of.home?.state(),
    anomaly: of.scorer?.devices(),
    vitals: of.scorer?.vitals(),
    devices: of.devices.map((device) => ({
      ...describeSource(device.source),
      deviceId: device.config.deviceId,
      profile: device.profile.name,
      state: device.state?.kind ?? "unknown",
      why:
        device.state === undefined || device.state.kind === "online"
          ? undefined
          : device.state.error.message,
      polls: device.polls,
      failedPolls: device.failedPolls,
      newestAtMs: device.newest?.takenAtMs,
      readings: device.newest?.readings.filter(({ value }) => value !== undefined).length ?? 0,
    })),
    memory: { rssMiB: Math.round(process.memoryUsage.rss() / MIB) },
  };
}

/** What only one transport has. */
function describeSource(source: RegisterSource | TopicSource) {
  const status = source.status();
  return "quarantine" in status
    ? { quarantined: status.quarantine.length }
    : { quarantined: 0, mqtt: status };
}
