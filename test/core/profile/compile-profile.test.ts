/**
 * A profile is written by people who may not write TypeScript: what is wrong with it must be said
 * in its line, all at once, and nothing that reads garbage may pass.
 *
 * `broken/expected.txt` holds every message of every file in `broken`, checked by a person.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { parseProfile } from "#core/profile/compile-profile.js";

const folder = join(import.meta.dirname, "broken");
const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
const expected = readFileSync(join(folder, "expected.txt"), "utf8").trim().split("\n");

function faultsOf(text: string, name: string): readonly string[] {
  try {
    parseProfile(text, name);
    return [];
  } catch (error) {
    if (!(error instanceof HeatpoolError) || error.code !== "PROFILE_INVALID") throw error;
    return error.message.split("\n  ").slice(1);
  }
}

describe("parseProfile refuses", () => {
  it("every file of the corpus, and the corpus is whole", () => {
    expect(new Set(expected.map((line) => line.split(":")[0]))).toEqual(new Set(files));
    expect(files.length).toBeGreaterThanOrEqual(40);
  });

  it.each(files)("%s with the right message at the right place", (file) => {
    const text = readFileSync(join(folder, file), "utf8");
    expect(faultsOf(text, file)).toEqual(expected.filter((line) => line.startsWith(`${file}:`)));
  });

  it("a text that is nested without end", () => {
    expect(faultsOf("[".repeat(100_000), "deep.yaml")).toEqual([
      "deep.yaml:1:1 file: nested too deeply",
    ]);
  });

  it("a file beyond the limit, without parsing it", () => {
    expect(faultsOf("#".repeat(500_001), "large.yaml")).toEqual([
      "large.yaml:1:1 file: 500001 characters; at most 500000 are read",
    ]);
  });
});

/** A profile with one register, to try fields on. */
function withRegister(fields: string, more = ""): string {
  return `name: brand/model
manufacturer: Brand
model: Model
description: { de: Pumpe, en: Pump }
verified: false
sources: { m: a manual }
connection: { wordsPerReadMax: 8, source: [m] }
parameters:
  circuit: { label: { de: Kreis, en: Circuit }, values: [a, b], default: [a] }
registers:
  - { ${fields}, source: [m], label: { de: Kreis {CIRCUIT}, en: Value } }
${more}`.replace(/\{CIRCUIT\}/, fields.includes("stride") ? '"{CIRCUIT}"' : "");
}

const compile = (fields: string, more = "") =>
  parseProfile(
    withRegister(fields, more).replace(/de: Kreis "\{CIRCUIT\}"/, 'de: "Kreis {CIRCUIT}"'),
    "p",
  );

describe("parseProfile understands", () => {
  it("one line as one register per circuit", () => {
    const line = 'address: 10, stride: { circuit: 2 }, id: "flow_{circuit}", unit: °C';
    expect(
      compile(line).registers.map(({ id, address, label }) => [id, address, label.de]),
    ).toEqual([
      ["flow_a", 10, "Kreis A"],
      ["flow_b", 12, "Kreis B"],
    ]);
  });

  it("a fraction as an exact scale: l/h to l/min", () => {
    const [register] = compile("address: 1, metric: flow_rate, unit: l/min, scale: 1/60").registers;
    expect(register?.format.scale).toEqual({ numerator: 1, denominator: 60, offset: 0 });
    expect(register?.format.resolution).toEqual({ multiplier: 1, decimals: 1 });
  });

  it("a whole number of a coarser scale than the catalogue's as that coarse", () => {
    const [register] = compile("address: 1, metric: temp_flow, unit: °C, scale: 0.5").registers;
    expect(register?.format.resolution).toEqual({ multiplier: 5, decimals: 1 });
  });

  it("that enum codes win over sentinels", () => {
    const [register] = compile(
      "address: 1, encoding: uint8, id: mode, absent: [255, 254], codes: { 254: party }",
    ).registers;
    expect(register?.format.absent).toEqual([[255]]);
  });

  it("bits of one word as registers that share it", () => {
    const second = "  - { address: 1, bit: 3, id: pump, source: [m], label: { de: P, en: P } }";
    const { registers } = compile("address: 1, bit: 0, id: compressor", second);
    expect(registers.map((one) => one.isSingle)).toEqual([false, false]);
  });

  it("a change of the text as another version", () => {
    const one = compile("address: 1, id: a");
    expect(compile("address: 1, id: a").version).toBe(one.version);
    expect(compile("address: 2, id: a").version).not.toBe(one.version);
  });

  it("where several manuals give an address another meaning per option", () => {
    const more = `  - { address: 1, id: b, when: { register: { kind: { oneOf: [2] } } }, source: [m], label: { de: B, en: B } }
  - { address: 5, id: kind, source: [m], label: { de: K, en: K } }`;
    const { registers } = compile(
      "address: 1, id: a, when: { register: { kind: { oneOf: [1] } } }",
      more,
    );
    expect(registers.map((one) => one.id)).toEqual(["a", "b", "kind"]);
  });
});
