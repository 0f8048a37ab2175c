/**
 * `heatpool profile …`: what profiles there are, what one reads, and whether a file is sound; and
 * the tools of people who write one, each in its own file.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { HeatpoolError } from "#core/errors.js";
import { isMqttProfile } from "#core/profile/mqtt-profile.js";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { planReads } from "#core/profile/read-plan.js";
import { describeRange } from "#core/profile/register-range.js";
import { isTemplate, parseTemplate } from "#core/profile/template.js";
import { type ProfileStore, readProfileText } from "../profile/profile-store.js";
import { mqttToJson, mqttToText } from "./mqtt-profile-text.js";
import { addAssign } from "./profile-assign.js";
import { isFile, loadAny, type ProfileCommandDeps, toJsonText } from "./profile-deps.js";
import { addDiff } from "./profile-diff.js";
import { addList } from "./profile-list.js";
import { addNew } from "./profile-new.js";
import { addProbe } from "./profile-probe.js";
import { addRecord } from "./profile-record.js";
import { addSimulate } from "./profile-simulate.js";
import { addTest } from "./profile-test.js";

/** Adds everything below `heatpool profile`. */
export function addProfileCommands(program: Command, deps: ProfileCommandDeps): void {
  const profile = program.command("profile").description("profiles of heat pumps");
  addList(profile, deps);
  profile
    .command("show")
    .description("what a profile reads, and how")
    .argument("<name>", "e.g. idm/navigator-2.0")
    .option("--json", "as JSON")
    .action((name: string, options: { json?: true }) => show(deps, name, options.json === true));
  profile
    .command("lint")
    .description("check profile files: every fault with its line")
    .argument("<file...>", "YAML files, folders of them, or names of profiles")
    .option("--json", "as JSON")
    .action((files: string[], options: { json?: true }) =>
      lint(deps, files, options.json === true),
    );
  addNew(profile, deps);
  addTest(profile, deps);
  addSimulate(profile, deps);
  addDiff(profile, deps);
  addAssign(profile, deps);
  addProbe(profile, deps);
  addRecord(profile, deps);
}

function show({ store, write }: ProfileCommandDeps, name: string, isJson: boolean): void {
  const profile = store.load(name);
  if (isMqttProfile(profile)) write(isJson ? toJsonText(mqttToJson(profile)) : mqttToText(profile));
  else write(isJson ? toJsonText(toJson(profile)) : toText(profile));
}

function toJson(profile: Profile): object {
  return {
    name: profile.name,
    version: profile.version,
    manufacturer: profile.manufacturer,
    model: profile.model,
    description: profile.description,
    verified: profile.isVerified,
    connection: profile.connection,
    parameters: profile.parameters,
    metrics: [...profile.candidates.keys(), ...profile.derived.map((one) => one.metric)],
    registers: profile.registers.length,
    requests: planReads(profile, { wanted: "shared" }).ranges.map((range) => ({
      group: range.group,
      range: describeRange(range),
    })),
  };
}

function toText(profile: Profile): string {
  const { connection } = profile;
  const plan = planReads(profile, { wanted: "shared" });
  const chosen = plan.ranges.flatMap((range) => range.registers.map(({ register }) => register));
  const derived = profile.derived.map((one) => one.metric).join(", ") || "none";
  const lines = [
    `${profile.name}: ${profile.manufacturer} ${profile.model}`,
    profile.description.en,
    `version ${profile.version}, ${profile.isVerified ? "verified" : "not verified"} on a device`,
    `${connection.transport} port ${connection.port}, unit ${connection.unitId}, at most ` +
      `${connection.wordsPerReadMax} words per read, poll every ${connection.pollSecondsMin} s or slower`,
    ...profile.parameters.map(
      (one) =>
        `parameter ${one.name}: ${one.values.join(", ")} (default: ${one.defaults.join(", ") || "none"})`,
    ),
    `${profile.registers.length} registers; ${chosen.length} shared ones in ${plan.ranges.length} requests:`,
    ...chosen.map(describeRegister),
    `derived: ${derived}`,
  ];
  return `${lines.join("\n")}\n`;
}

function describeRegister(register: ProfileRegister): string {
  const metrics = register.metrics.map((one) => one.metric).join(", ");
  const place = `${register.manualSpace} ${register.address}+${register.format.words}`;
  const unit = register.unit === "" ? "" : ` in ${register.unit}`;
  return `  ${place}  ${metrics || register.id}${unit}: ${register.label.en}`;
}

/** What became of one file. */
interface Linted {
  readonly file: string;
  readonly isValid: boolean;
  readonly message: string;
}

function lint(deps: ProfileCommandDeps, files: readonly string[], isJson: boolean): void {
  const results = files.flatMap(filesIn).map((file) => lintOne(deps.store, file));
  if (isJson) deps.write(toJsonText(results));
  else for (const { file, message } of results) deps.write(`${file}: ${message}\n`);
  if (results.some((one) => !one.isValid)) {
    deps.setExitStatus(new HeatpoolError("PROFILE_INVALID", "").exitStatus);
  }
}

/** The profiles of a folder; anything else stands for itself. */
function filesIn(path: string): readonly string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => isFile(name) && !name.endsWith("TEMPLATE.yaml"))
    .sort((a, b) => a.localeCompare(b))
    .map((name) => join(path, name));
}

function lintOne(store: ProfileStore, file: string): Linted {
  try {
    const path = isFile(file) ? file : store.fileOf(file);
    const text = readProfileText(path);
    if (isTemplate(text)) {
      const points = parseTemplate(text, path).text.registers.length;
      return { file, isValid: true, message: `sound template, ${points} points without address` };
    }
    const profile = loadAny(store, file);
    const message = isMqttProfile(profile)
      ? `sound, ${profile.points.length} points`
      : `sound, ${profile.registers.length} registers`;
    return { file, isValid: true, message };
  } catch (error) {
    if (!(error instanceof HeatpoolError)) throw error;
    const hint = error.hint === undefined ? "" : `\n  ${error.hint}`;
    return { file, isValid: false, message: `${error.message}${hint}` };
  }
}
