/** What commands know of the process they run in; only `main.ts` touches the process itself. */
import { readFileSync } from "node:fs";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { type Config, type Places, parseConfig, toPlaces } from "../config.js";
import { readStoreKey } from "../host/store-key.js";

/** The process, as commands see it. */
export interface Machine {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly version: string;
  /** Of Node, e.g. `v24.22.3`. */
  readonly nodeVersion: string;
  /** Fires on SIGTERM, SIGINT, or after a bug. */
  readonly signal: AbortSignal;
  /** Where systemd put a credential; left out: it gave none. */
  credential?(name: string): string | undefined;
  /** A variable of the environment that switches traces of gRPC on. */
  grpcTrace?(name: string): string | undefined;
  /** `NOTIFY_SOCKET` and `WATCHDOG_USEC` as systemd gave them. */
  readonly notifySocket?: string | undefined;
  readonly watchdogUsec?: string | undefined;
  /** One line to stdout. */
  print(line: string): void;
  /** One line to stderr, for a person who waits; left out: nobody does. */
  progress?(line: string): void;
  /** For every listener that opens later. */
  setTlsMinimum(version: "TLSv1.2" | "TLSv1.3"): void;
  /** Counts what no code expected, and ends the process in order. */
  onBug(bug: unknown): void;
  /** Told about every bug from here on. */
  listenToBugs(listener: (bug: unknown) => void): void;
}

/** Where the configuration is unless told. */
export const CONFIG_FILE = "/etc/heatpool/backend.yaml";

/** The configuration, and where it was read. */
export interface LoadedConfig {
  readonly file: string;
  readonly config: Config;
  readonly places: Places;
}

/** @throws HeatpoolError `CONFIG_INVALID` not readable, or with faults, each with its line */
export function loadConfig(file: string): LoadedConfig {
  const config = parseConfig(readText(file), file);
  return { file, config, places: toPlaces(config, file) };
}

/** Name of the systemd credential. */
const STORE_KEY = "store-key";

/** @throws HeatpoolError as `readStoreKey` */
export function loadStoreKey({ storeKeyFile }: Places, { credential }: Machine): Buffer {
  return readStoreKey(storeKeyFile, credential?.(STORE_KEY));
}

/** `undefined`: there is none. @throws HeatpoolError `STATE_INVALID` it is none, or others may read it */
export function findStoreKey(places: Places, machine: Machine): Buffer | undefined {
  try {
    return loadStoreKey(places, machine);
  } catch (error) {
    if (error instanceof HeatpoolError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `cannot read ${file}`, {
      cause,
      hint: "Copy systemd/backend.yaml of the package there, or name another file with --config.",
    });
  }
}
