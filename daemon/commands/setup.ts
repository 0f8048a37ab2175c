/** Configuration and profiles, read and checked; the one way every command takes. */
import { readFileSync } from "node:fs";
import { HeatpoolError } from "#core/errors.js";
import { checkDevices } from "../assembly/check-devices.js";
import type { ConfiguredDevice } from "../assembly/parts.js";
import { type Config, parseConfig } from "../config.js";
import { createProfileStore, packagedProfiles } from "../profile/profile-store.js";

/** Everything that people wrote, checked. */
export interface Setup {
  readonly config: Config;
  readonly devices: readonly ConfiguredDevice[];
}

/** @throws HeatpoolError `CONFIG_INVALID`, `PROFILE_UNKNOWN`, `PROFILE_INVALID` */
export function readSetup(path: string): Setup {
  const config = parseConfig(readText(path), path);
  const store = createProfileStore([...config.profileDirs, packagedProfiles()]);
  const devices = config.devices.map((device) => ({
    config: device,
    profile: store.load(device.profile),
  }));
  checkDevices(devices);
  return { config, devices };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `${path} cannot be read`, {
      cause,
      hint: "Copy the commented example systemd/heatpool.yaml there, or name a file with --config.",
    });
  }
}
