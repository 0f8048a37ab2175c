/** What commands need of the program that runs them. */
import type { Chance } from "#core/clock.js";
import type { SystemClock } from "../host/system-clock.js";

/** The person in front of it, and the process around it. */
export interface Terminal {
  /** Writes a line to stdout. */
  print(line: string): void;
  /** Writes a line to stderr. */
  warn(line: string): void;
  /** Tells how far long work is, to a person who waits; left out: nobody watches. */
  progress?(line: string): void;
  writeBytes(bytes: Uint8Array): void;
  /** Asks; `undefined` when nobody is there to answer. */
  ask(question: string): Promise<string | undefined>;
  setExitStatus(status: number): void;
  readonly clock: SystemClock;
  readonly chance: Chance;
  readonly version: string;
  /** What the person's environment speaks, where no configuration says it. */
  readonly language?: "de" | "en";
  /** How to start this program again: the executable, then its arguments. */
  readonly self: readonly [string, ...string[]];
  /** Where systemd put a credential; left out: it gave none. */
  credential?(name: string): string | undefined;
  /** A variable of the environment that switches traces of gRPC on. */
  grpcTrace?(name: string): string | undefined;
  readonly notifySocket: string | undefined;
  /** `WATCHDOG_USEC` as given. */
  readonly watchdogUsec: string | undefined;
  /** Fires at SIGTERM and SIGINT. */
  readonly ending: AbortSignal;
}

/** Options that every command has. */
export interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** Where the configuration is unless told otherwise. */
export const CONFIG_FILE = "/etc/heatpool/heatpool.yaml";
