/** A whole daemon in this process, on real sockets, with a profile that may be polled each second. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import type { Profile } from "#core/profile/profile.js";
import { openState } from "../../daemon/assembly/state-files.js";
import { type Config, parseConfig } from "../../daemon/config.js";
import { runDaemon } from "../../daemon/daemon.js";
import { createSystemClock, type SystemClock } from "../../daemon/host/system-clock.js";
import { plainProfile, plainRegister } from "./plain-profile.js";

/** The words that the heat pump of these tests holds: 21.5 °C, 35.0 °C and 30.1 °C. */
export const IMAGE = new Map([
  [100, 215],
  [101, 350],
  [102, 301],
]);

const METRICS = ["temp_outdoor", "temp_flow", "temp_return"];

/** A heat pump with three temperatures, in tenths. */
function threeTemperatures(): Profile {
  const registers = METRICS.map((metric, at) => {
    const plain = plainRegister(100 + at, { metrics: [{ metric, priority: 1 }] });
    const scale = { numerator: 1, denominator: 10, offset: 0 };
    const resolution = { multiplier: 1, decimals: 1 };
    return { ...plain, format: { ...plain.format, scale, resolution } };
  });
  const candidates = new Map(METRICS.map((metric, at) => [metric, [`r${100 + at}`]]));
  return plainProfile(registers, {}, { candidates, version: "0123456789ab" });
}

/** A daemon that runs. */
export interface DaemonRun {
  readonly config: Config;
  readonly events: { level: string; event: string; facts: Record<string, unknown> }[];
  /** Resolves when `event` was logged `count` times since the start. */
  seen(event: string, count?: number): Promise<void>;
  stop(): Promise<void>;
}

/** What a test replaces of the machine. */
export interface MachineParts {
  readonly clock?: SystemClock;
  readonly notify?: (...assignments: string[]) => void;
  readonly watchdogMs?: number;
}

/** Starts a daemon whose state lies in `folder`. @param more lines of its configuration */
export function startDaemon(
  folder: string,
  devicePort: number,
  more: string,
  machine: MachineParts = {},
): DaemonRun {
  const config = parseConfig(
    [
      `devices: [{ host: 127.0.0.1, port: ${devicePort}, profile: test/plain, pollIntervalSeconds: 1 }]`,
      `stateDir: ${join(folder, "state")}`,
      `runtimeDir: ${join(folder, "run")}`,
      "backlog: { commitIntervalSeconds: 1 }",
      "uplink: { profile: live, intervalSeconds: 1 }",
      more,
    ].join("\n"),
  );
  const events: DaemonRun["events"] = [];
  const stop = new AbortController();
  const logged = new EventTarget();
  const done = runDaemon(
    {
      config,
      devices: config.devices.map((device) => ({ config: device, profile: threeTemperatures() })),
      version: "0.1.0",
      clock: machine.clock ?? createSystemClock(),
      chance: (byteCount) => randomBytes(byteCount),
      log(level, event, facts = {}) {
        events.push({ level, event, facts });
        logged.dispatchEvent(new Event("logged"));
      },
      notify: machine.notify ?? (() => undefined),
      watchdogMs: machine.watchdogMs,
      builtAtMs: 0,
    },
    stop.signal,
  );
  const failed = done.then(() => Promise.reject(new Error("the daemon ended")));
  failed.catch(() => undefined);
  return {
    config,
    events,
    async seen(event, count = 1) {
      while (events.filter((one) => one.event === event).length < count) {
        await Promise.race([once(logged, "logged"), failed]);
      }
    },
    async stop() {
      stop.abort();
      await done;
    },
  };
}

/** The owner's consent, in the state of that configuration. */
export function openBook(config: Config) {
  return openState(config, createSystemClock(), "0.1.0").book;
}
