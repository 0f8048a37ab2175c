/** What the profile commands need of the program. */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { type AnyProfile, isMqttProfile } from "#core/profile/mqtt-profile.js";
import type { Profile } from "#core/profile/profile.js";
import { loadProfileFile, type ProfileStore } from "../profile/profile-store.js";

/** The program around them. */
export interface ProfileCommandDeps {
  readonly store: ProfileStore;
  /** Prints a text with its line feeds: what was asked for. */
  readonly write: (text: string) => void;
  /** Tells a line about work that takes long; never part of the answer. */
  readonly note: (line: string) => void;
  /** Remembers the status the process ends with. */
  readonly setExitStatus: (status: number) => void;
  readonly clock: Clock;
  /** Fires when the person wants the program to end. */
  readonly ending: AbortSignal;
  /** The folder of profiles that came with the program. */
  readonly packaged: string;
}

/** Options that every profile command has. */
export interface JsonOption {
  readonly json?: true;
}

/**
 * A profile of registers, by its name, or by its file where it ends in `.yaml`.
 *
 * @throws HeatpoolError `USAGE` its device is heard over MQTT · what `ProfileStore.load` throws
 */
export function loadNamed(store: ProfileStore, nameOrFile: string): Profile {
  const profile = loadAny(store, nameOrFile);
  if (!isMqttProfile(profile)) return profile;
  throw new HeatpoolError("USAGE", `${profile.name} is heard over MQTT and has no registers`, {
    hint: "For such a profile: profile show, profile lint, profile test, and heatpool read.",
  });
}

/** A profile of either transport, by its name, or by its file where it ends in `.yaml`. */
export function loadAny(store: ProfileStore, nameOrFile: string): AnyProfile {
  return isFile(nameOrFile) ? loadProfileFile(nameOrFile) : store.load(nameOrFile);
}

/** Whether a person means a file, not a name. */
export function isFile(nameOrFile: string): boolean {
  return /\.ya?ml$/.test(nameOrFile);
}

/** Indented JSON, as all commands print it. */
export function toJsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Columns with two spaces between them; the last one is as long as it is. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((known, row) => {
    row.forEach((cell, at) => {
      known[at] = Math.max(known[at] ?? 0, cell.length);
    });
    return known;
  }, []);
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join("");
}
