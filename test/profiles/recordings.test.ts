/**
 * Recordings: raw words of real devices and the values a person checked.
 *
 * A folder `<brand>/<model>` beside this file is found, not programmed. A profile that says
 * `verified: true` needs one; one that has a recording may say so.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkRecording } from "#core/profile/check-recording.js";
import { parseProfile } from "#core/profile/compile-profile.js";
import { decodeRegister } from "#core/profile/decode.js";
import type { Profile } from "#core/profile/profile.js";
import { decodeReadings, type RegisterOutcome } from "#core/profile/readings.js";
import { expectedSchema, recordingSchema } from "#core/profile/recording-schema.js";
import { readYaml } from "#core/schema/read-yaml.js";
import { modbusProfiles, PROFILES_FOLDER as packaged } from "../support/packaged-profiles.js";

const here = import.meta.dirname;

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

const recordings = foldersIn(here)
  .flatMap((brand) => foldersIn(join(here, brand)).map((model) => `${brand}/${model}`))
  .filter((name) => existsSync(join(here, name, "registers.json")));

const profiles = modbusProfiles();

function load(name: string) {
  const file = join(packaged, `${name}.yaml`);
  const profile = parseProfile(readFileSync(file, "utf8"), file);
  const folder = join(here, name);
  const recording = recordingSchema.parse(
    JSON.parse(readFileSync(join(folder, "registers.json"), "utf8")),
  );
  const expected = readYaml(readFileSync(join(folder, "expected.yaml"), "utf8"), expectedSchema, {
    name: `${name}/expected.yaml`,
    code: "CONFIG_INVALID",
  });
  const wordsAt = new Map(recording.registers.map((one) => [placeOf(one), one.words]));
  return { profile, recording, expected, wordsAt };
}

function placeOf(at: { unitId: number; space: string; address: number }): string {
  return `${at.unitId} ${at.space} ${at.address}`;
}

function find(profile: Profile, id: string) {
  const register = profile.registers.find((one) => one.id === id);
  if (register === undefined) throw new Error(`${profile.name} has no register ${id}`);
  return register;
}

describe.each(recordings)("the recording of %s", (name) => {
  const { profile, recording, expected, wordsAt } = load(name);

  it("says what the profile says", () => {
    expect(checkRecording(profile, recording, expected)).toEqual([]);
  });

  it("has an expectation for every recorded register", () => {
    const places = new Set(recording.registers.map((one) => placeOf(one)));
    expect(new Set(expected.registers.map((one) => placeOf(find(profile, one.register))))).toEqual(
      places,
    );
  });

  it.each(expected.registers)("decodes $address as $register", (one) => {
    const register = find(profile, one.register);
    expect(register.address).toBe(one.address);
    const decoded = decodeRegister(wordsAt.get(placeOf(register)) ?? [], register);
    expect(decoded.value ?? decoded.quality).toBe(one.value ?? one.quality);
    if (one.stated !== undefined && decoded.exact !== undefined) {
      expect(decoded.exact).toBeCloseTo(one.stated, 3);
    }
  });

  it.each(expected.metrics)("yields $metric", ({ metric, value, quality: none }) => {
    const outcomes = new Map<string, RegisterOutcome>(
      expected.registers.map((one) => [
        one.register,
        { words: wordsAt.get(placeOf(find(profile, one.register))) ?? [], quality: "good" },
      ]),
    );
    const reading = decodeReadings(profile, outcomes).find((one) => one.metric === metric);
    expect(reading?.value ?? reading?.quality).toBe(value ?? none);
  });
});

describe.each(profiles)("the packaged profile $name", ({ name, file, text }) => {
  const profile = parseProfile(text, file);

  it("is named like its file", () => {
    expect(profile.name).toBe(name);
  });

  it("is verified exactly when there is a recording", () => {
    expect(profile.isVerified).toBe(recordings.includes(name));
  });
});

describe("the template", () => {
  it("is a sound profile", () => {
    const file = join(packaged, "TEMPLATE.yaml");
    expect(parseProfile(readFileSync(file, "utf8"), file).candidates.has("temp_flow")).toBe(true);
  });
});
