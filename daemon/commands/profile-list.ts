/**
 * `heatpool profile list`: every heat pump that is known, and how well. A profile that is not sound
 * stays in the list, with a word that says so.
 */
import type { Command } from "commander";
import { HeatpoolError } from "#core/errors.js";
import { type AnyProfile, isMqttProfile } from "#core/profile/mqtt-profile.js";
import { parseTemplate } from "#core/profile/template.js";
import { readProfileText } from "../profile/profile-store.js";
import { type JsonOption, type ProfileCommandDeps, toJsonText, toTable } from "./profile-deps.js";

/** One line of the list. */
interface Listed {
  readonly name: string;
  readonly file: string;
  readonly manufacturer: string;
  readonly model: string;
  /** `modbus tcp`, `mqtt`, … */
  readonly transport: string;
  /** Registers or topics, and how many of them two or more sources agree on. */
  readonly values: number;
  readonly confirmed: number;
  /** Whether a recording of a real device stands behind it. */
  readonly isVerified: boolean;
  /** `sound`, `needs assignment`, or `not sound: see profile lint`. */
  readonly state: string;
}

/** Adds `list`. */
export function addList(profile: Command, deps: ProfileCommandDeps): void {
  profile
    .command("list")
    .description("all known heat pumps: manufacturer, transport, confidence, verified or not")
    .option("--json", "as JSON")
    .action((options: JsonOption) => {
      const listed = deps.store.list().map((entry) => describe(deps, entry));
      deps.write(
        options.json === true ? toJsonText(listed) : toTable([HEAD, ...listed.map(toRow)]),
      );
    });
}

const HEAD = [
  "profile",
  "manufacturer",
  "model",
  "transport",
  "two or more sources",
  "on a device",
];

function toRow(one: Listed): readonly string[] {
  const isSound = one.state === "sound";
  const confidence = isSound ? `${one.confirmed} of ${one.values}` : one.state;
  const verified = one.isVerified ? "verified" : "not verified";
  return [one.name, one.manufacturer, one.model, one.transport, confidence, verified];
}

function describe(
  { store }: ProfileCommandDeps,
  entry: { name: string; file: string; needsAssignment: boolean },
): Listed {
  const { name, file } = entry;
  const nothing = { name, file, values: 0, confirmed: 0, isVerified: false };
  try {
    if (entry.needsAssignment) {
      const { manufacturer, model, registers } = parseTemplate(readProfileText(file), file).text;
      const values = registers.length;
      const known = { manufacturer, model, transport: "modbus tcp", values };
      return { ...nothing, ...known, state: "needs assignment" };
    }
    return { ...nothing, ...describeProfile(store.load(name)), state: "sound" };
  } catch (fault) {
    if (!(fault instanceof HeatpoolError)) throw fault;
    const state = "not sound: see profile lint";
    return { ...nothing, manufacturer: "", model: "", transport: "", state };
  }
}

function describeProfile(
  profile: AnyProfile,
): Pick<Listed, "manufacturer" | "model" | "transport" | "values" | "confirmed" | "isVerified"> {
  const values = isMqttProfile(profile) ? profile.points : profile.registers;
  return {
    manufacturer: profile.manufacturer,
    model: profile.model,
    transport: isMqttProfile(profile) ? "mqtt" : `modbus ${profile.connection.transport}`,
    values: values.length,
    confirmed: values.filter(({ confidence }) => isConfirmed(confidence)).length,
    isVerified: profile.isVerified,
  };
}

/** `verified-in-4-sources`: four tables agree, which is not four measurements. */
function isConfirmed(confidence: string): boolean {
  return Number(/^verified-in-(\d+)-sources$/.exec(confidence)?.[1] ?? 0) >= 2;
}
