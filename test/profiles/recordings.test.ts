/**
 * Recordings: raw words of real devices and the values a person checked.
 *
 * A folder `<brand>/<model>` beside this file is found, not programmed. A profile that says
 * `verified: true` needs one; one that has a recording may say so.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseProfile } from "#core/profile/compile-profile.js";
import { decodeRegister } from "#core/profile/decode.js";
import type { Profile } from "#core/profile/profile.js";
import { decodeReadings, type RegisterOutcome } from "#core/profile/readings.js";
import { readYaml } from "#core/schema/read-yaml.js";

const here = import.meta.dirname;
const packaged = join(here, "../../firmware-profiles");

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

const recordings = foldersIn(here)
  .flatMap((brand) => foldersIn(join(here, brand)).map((model) => `${brand}/${model}`))
  .filter((name) => existsSync(join(here, name, "registers.json")));

const profiles = foldersIn(packaged).flatMap((brand) =>
  readdirSync(join(packaged, brand))
    .filter((file) => file.endsWith(".yaml"))
    // Messages of brokers have a test of their own.
    .filter((file) => !/^transport: mqtt$/m.test(readFileSync(join(packaged, brand, file), "utf8")))
    .map((file) => `${brand}/${file.slice(0, -5)}`),
);

const quality = z.enum(["absent", "implausible"]);
const expectedSchema = z.strictObject({
  recordedOn: z.string(),
  registers: z
    .array(
      z.strictObject({
        register: z.string(),
        address: z.int(),
        stated: z.number().optional(),
        value: z.number().optional(),
        quality: quality.optional(),
      }),
    )
    .min(1),
  metrics: z
    .array(
      z.strictObject({
        metric: z.string(),
        value: z.number().optional(),
        quality: quality.optional(),
      }),
    )
    .min(1),
});

const recordingSchema = z.strictObject({
  profile: z.string(),
  recordedAt: z.string(),
  source: z.string(),
  registers: z.array(
    z.strictObject({
      unitId: z.int(),
      space: z.enum(["coil", "discrete", "holding", "input"]),
      address: z.int(),
      words: z.array(z.int().min(0).max(65535)).min(1),
    }),
  ),
});

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
  const wordsAt = new Map(recording.registers.map((one) => [one.address, one.words]));
  return { profile, expected, wordsAt };
}

function find(profile: Profile, id: string) {
  const register = profile.registers.find((one) => one.id === id);
  if (register === undefined) throw new Error(`${profile.name} has no register ${id}`);
  return register;
}

describe.each(recordings)("the recording of %s", (name) => {
  const { profile, expected, wordsAt } = load(name);

  it("has an expectation for every recorded register", () => {
    expect(expected.registers.map((one) => one.address)).toEqual([...wordsAt.keys()]);
  });

  it.each(expected.registers)("decodes $address as $register", (one) => {
    const register = find(profile, one.register);
    expect(register.address).toBe(one.address);
    const decoded = decodeRegister(wordsAt.get(one.address) ?? [], register);
    expect(decoded.value ?? decoded.quality).toBe(one.value ?? one.quality);
    if (one.stated !== undefined && decoded.exact !== undefined) {
      expect(decoded.exact).toBeCloseTo(one.stated, 3);
    }
  });

  it.each(expected.metrics)("yields $metric", ({ metric, value, quality: none }) => {
    const outcomes = new Map<string, RegisterOutcome>(
      expected.registers.map((one) => [
        one.register,
        { words: wordsAt.get(one.address) ?? [], quality: "good" },
      ]),
    );
    const reading = decodeReadings(profile, outcomes).find((one) => one.metric === metric);
    expect(reading?.value ?? reading?.quality).toBe(value ?? none);
  });
});

describe.each(profiles)("the packaged profile %s", (name) => {
  const file = join(packaged, `${name}.yaml`);
  const profile = parseProfile(readFileSync(file, "utf8"), file);

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
