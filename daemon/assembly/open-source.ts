/** A device's source of snapshots, by what its profile speaks: Modbus or MQTT. */
import { join } from "node:path";
import type { Chance, Clock } from "#core/clock.js";
import { isMqttProfile, type MqttProfile } from "#core/profile/mqtt-profile.js";
import type { Profile } from "#core/profile/profile.js";
import type { DeviceConfig } from "../config.js";
import type { EndpointQueue } from "../device/endpoint-queue.js";
import { createMqttFeed } from "../device/mqtt-feed.js";
import { linkRulesOf } from "../device/profile-rules.js";
import { createFileQuarantineStore } from "../poll/file-quarantine-store.js";
import { createRegisterSource, type RegisterSource } from "../poll/register-source.js";
import { createTopicSource, type Patience, type TopicSource } from "../poll/topic-source.js";
import { toBroker } from "./broker.js";
import type { ConfiguredDevice } from "./parts.js";

/** A person who reads once waits this long for a gateway's next round. */
const READ_WAIT_MAX_MS = 90_000;

/** Two daemons of one name would throw each other out of the broker. */
const CLIENT_ID_BYTES = 6;

/** What a source is made of. */
interface SourceDeps {
  readonly queue: EndpointQueue;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly stateDir: string;
  /** How long a poll may wait for values that are only heard. */
  readonly patience: Patience["until"];
  readonly onNotice: (text: string) => void;
}

/** A source of snapshots of one device. */
export function openSource(
  { config, profile }: ConfiguredDevice,
  deps: SourceDeps,
): RegisterSource | TopicSource {
  return isMqttProfile(profile)
    ? openTopicSource(config, profile, deps)
    : openRegisterSource(config, profile, deps);
}

function openTopicSource(
  { deviceId, broker, parameters, pollIntervalSeconds }: DeviceConfig,
  profile: MqttProfile,
  { clock, chance, patience, onNotice }: SourceDeps,
): TopicSource {
  // One and a half rounds of the gateway; the daemon's watchdog counts in poll intervals.
  const roundMs = Math.min(profile.publishing.everySeconds * 1500, READ_WAIT_MAX_MS);
  const isPatient = patience === "all";
  const waitMs = isPatient ? roundMs : Math.min(roundMs, pollIntervalSeconds * 1000);
  const id = Buffer.from(chance(CLIENT_ID_BYTES)).toString("hex");
  const endpoint = { ...toBroker(broker, profile), clientId: `heatpool-${id}` };
  return createTopicSource({
    deviceId,
    profile,
    parameters,
    feed: createMqttFeed({ endpoint, clock, onNotice }),
    clock,
    patience: { until: patience, waitMs },
  });
}

function openRegisterSource(
  config: DeviceConfig,
  profile: Profile,
  deps: SourceDeps,
): RegisterSource {
  const { connection } = profile;
  const endpoint = { host: config.host ?? "", port: config.port ?? connection.port };
  const reader = deps.queue.lease(endpoint, linkRulesOf(connection));
  const { parameters, unitId } = config;
  return createRegisterSource({
    deviceId: config.deviceId,
    profile,
    choice: { wanted: "shared", parameters, ...(unitId === undefined ? {} : { unitId }) },
    reader,
    clock: deps.clock,
    quarantineStore: createFileQuarantineStore(join(deps.stateDir, "quarantine")),
    onNotice: deps.onNotice,
  });
}
