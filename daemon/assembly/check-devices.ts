/** What is wrong with the configured devices, said before anything is opened. */
import { HeatpoolError } from "#core/errors.js";
import { isMqttProfile } from "#core/profile/mqtt-profile.js";
import { checkPollInterval } from "../poll/poller.js";
import { toDeviceStream } from "./device-streams.js";
import type { ConfiguredDevice } from "./parts.js";

/** @throws HeatpoolError `CONFIG_INVALID` for settings that do not fit the device's profile */
export function checkDevices(devices: readonly ConfiguredDevice[]): void {
  for (const device of devices) {
    checkTransport(device);
    checkPollInterval(device.profile, device.config.pollIntervalSeconds * 1000);
    toDeviceStream(device);
  }
}

function checkTransport({ config, profile }: ConfiguredDevice): void {
  const isMqtt = isMqttProfile(profile);
  const hasBroker = config.broker !== undefined;
  if (isMqtt === hasBroker) return;
  const needs = isMqtt ? "an MQTT broker" : "the host of a Modbus server";
  throw new HeatpoolError("CONFIG_INVALID", `${config.deviceId}: ${profile.name} needs ${needs}`, {
    hint: isMqtt
      ? "Replace host by broker: { host: … }; see the profile for its parameters."
      : "Replace broker by host.",
  });
}
