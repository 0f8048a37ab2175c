/**
 * `heatpool profile record`: raw words of a device as a recording, with the values for a person to
 * compare. Texts and whatever may name the device or its owner are left out.
 */
import { join } from "node:path";
import type { Command } from "commander";
import { HeatpoolError } from "#core/errors.js";
import { decodeRegister } from "#core/profile/decode.js";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { decodeReadings, type RegisterOutcome } from "#core/profile/readings.js";
import type { Recording } from "#core/profile/recording-schema.js";
import type { Survey } from "../poll/survey.js";
import { hasRecording, writeRecording } from "../profile/recording-folder.js";
import { type JsonOption, loadNamed, type ProfileCommandDeps, toJsonText } from "./profile-deps.js";
import { stopIfEnding, type VisitOptions, visit, withVisitOptions } from "./profile-visit.js";

interface RecordOptions extends JsonOption, VisitOptions {
  readonly profile: string;
  readonly out: string;
}

/** Numbers that point at a device or a house. */
const PERSONAL =
  /serial|serien|mac.?address|ip.?address|host.?name|ssid|latitude|longitude|postcode/i;

export function addRecord(profile: Command, deps: ProfileCommandDeps): void {
  const command = profile
    .command("record")
    .description("record a device's raw words, with the values for you to compare")
    .requiredOption("--host <address>", "the device")
    .requiredOption("--profile <name>", "name of a profile, or a YAML file")
    .requiredOption("--out <folder>", "the recording goes to <folder>/<brand>/<model>");
  withVisitOptions(command)
    .option("--json", "as JSON")
    .action((options: RecordOptions) => record(deps, options));
}

async function record(deps: ProfileCommandDeps, options: RecordOptions): Promise<void> {
  const profile = loadNamed(deps.store, options.profile);
  const folder = join(options.out, profile.name);
  if (hasRecording(folder)) {
    throw new HeatpoolError("USAGE", `${folder} has a recording already`, {
      hint: "Choose another --out folder; nothing is overwritten.",
    });
  }
  const found = await visit(deps, profile, options, async (device) =>
    device.survey(await device.identify()),
  );
  stopIfEnding(deps.ending);
  const registers = found.wanted.filter((one) => found.words.has(one.id) && !isPersonal(one));
  if (registers.length === 0) {
    throw found.error ?? new HeatpoolError("DEVICE_REFUSED", "the device answered no register");
  }
  const recordedAt = new Date(deps.clock.nowMs()).toISOString().slice(0, "2026-01-01".length);
  writeRecording(
    folder,
    toRecording(profile, registers, found, recordedAt),
    toExpected(profile, registers, found),
  );
  const left = found.wanted.length - registers.length;
  const summary = {
    folder,
    registers: registers.length,
    leftOut: left,
    refused: found.refused.length,
  };
  if (options.json === true) deps.write(toJsonText(summary));
  else {
    deps.write(
      `${folder}: ${registers.length} registers, ${left} left out\n` +
        "Compare expected.yaml with the display of the heat pump, then: " +
        `heatpool profile test ${options.profile} --recordings ${options.out}\n`,
    );
  }
}

function isPersonal({ id, label, format }: ProfileRegister): boolean {
  const isText = format.encoding === "string";
  return isText || [id, label.de, label.en].some((text) => PERSONAL.test(text));
}

function toRecording(
  profile: Profile,
  registers: readonly ProfileRegister[],
  found: Survey,
  recordedAt: string,
): Recording {
  const places = new Map(
    registers.map(({ id, unitId, space, address }) => [
      `${unitId} ${space} ${address} ${found.words.get(id)?.length}`,
      { unitId, space, address, words: [...(found.words.get(id) ?? [])] },
    ]),
  );
  return {
    profile: profile.name,
    recordedAt,
    source: "heatpool profile record",
    registers: [...places.values()],
  };
}

/** The values with their labels, for a person to go through. */
function toExpected(
  profile: Profile,
  registers: readonly ProfileRegister[],
  found: Survey,
): string {
  const outcomes = new Map<string, RegisterOutcome>(
    registers.map((one) => [one.id, { words: found.words.get(one.id) ?? [], quality: "good" }]),
  );
  const readings = decodeReadings(profile, outcomes).filter(
    ({ metric }) =>
      profile.candidates.has(metric) || profile.derived.some((one) => one.metric === metric),
  );
  const shared = readings.map(
    ({ metric, value, quality }) => `  - { metric: ${metric}, ${toResult(value, quality)} }`,
  );
  const lines = registers.flatMap((one) => {
    const { value, quality } = decodeRegister(found.words.get(one.id) ?? [], one);
    return [
      `  # ${one.label.en}${one.unit === "" ? "" : `, ${one.unit}`}`,
      `  - { register: ${one.id}, address: ${one.address}, ${toResult(value, quality)} }`,
    ];
  });
  return [
    "# What the recorded words mean. Go through it with the display of the heat pump in front of you:",
    "# correct a value that the display shows otherwise; then the profile is wrong, not the device.",
    `recordedOn: ${JSON.stringify(`${profile.manufacturer} ${profile.model}`)} # which one; no serial numbers`,
    "registers:",
    ...lines,
    shared.length > 0 ? "metrics:" : "metrics: []",
    ...shared,
    "",
  ].join("\n");
}

function toResult(value: number | undefined, quality: string): string {
  return value === undefined ? `quality: ${quality}` : `value: ${value}`;
}
