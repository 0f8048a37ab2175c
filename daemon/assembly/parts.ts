/** What the daemon is made of; given by `main.ts`, taken apart nowhere. */
import type { Chance } from "#core/clock.js";
import type { AnyProfile } from "#core/profile/mqtt-profile.js";
import type { Config, DeviceConfig } from "../config.js";
import type { Log } from "../host/log.js";
import type { SystemClock } from "../host/system-clock.js";
import type { Notify } from "../host/systemd-notify.js";
import type { CommunityModels } from "../model/scorer.js";
import type { Notice } from "../notify/notify.js";
import type { AskingLine } from "../uplink/asking-line.js";

/** A configured device and what its profile makes of it. */
export interface ConfiguredDevice {
  readonly config: DeviceConfig;
  readonly profile: AnyProfile;
}

/** What the daemon is made of. */
export interface DaemonParts {
  readonly config: Config;
  readonly devices: readonly ConfiguredDevice[];
  readonly version: string;
  readonly clock: SystemClock;
  readonly chance: Chance;
  readonly log: Log;
  readonly notify: Notify;
  /** Where systemd put a credential; left out: it gave none. */
  credential?(name: string): string | undefined;
  /** On which the backend is asked; the daemon makes its own where it is left out. */
  readonly line?: AskingLine;
  /** Tells the owner; left out: alarms stand in the log alone. */
  readonly tell?: (notice: Notice) => void;
  /** Models that others trained; left out: this house learns from its own past alone. */
  readonly communityModels?: CommunityModels;
  /** systemd's `WATCHDOG_USEC` in milliseconds; `undefined`: nobody watches. */
  readonly watchdogMs: number | undefined;
  /** When this package was built; 0: not known. */
  readonly builtAtMs: number;
}
