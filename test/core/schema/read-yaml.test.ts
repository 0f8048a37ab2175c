/** People mend a file once: every fault is told at once, at its place, in words they know. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { HeatpoolError } from "#core/errors.js";
import { openYaml, readYaml } from "#core/schema/read-yaml.js";

const schema = z.strictObject({
  devices: z.array(
    z.strictObject({
      host: z.string(),
      port: z.int().max(65535).default(502),
      profile: z.string(),
    }),
  ),
});
const source = { name: "heatpool.yaml", code: "CONFIG_INVALID" } as const;

function faultsOf(text: string): readonly string[] {
  try {
    readYaml(text, schema, source);
    return [];
  } catch (error) {
    if (!(error instanceof HeatpoolError)) throw error;
    expect(error.code).toBe("CONFIG_INVALID");
    return error.message.split("\n  ");
  }
}

describe("readYaml", () => {
  it("gives the checked value, with defaults", () => {
    const text = "devices:\n  - host: a\n    profile: x/y\n";
    expect(readYaml(text, schema, source)).toEqual({
      devices: [{ host: "a", port: 502, profile: "x/y" }],
    });
  });

  it("names every fault with line and column", () => {
    const text = "devices:\n  - host: a\n    port: 70000\npolIntervalSeconds: 3\n";
    expect(faultsOf(text)).toEqual([
      "3 problem(s)",
      "heatpool.yaml:2:5 devices.0.profile: Invalid input: expected string, received undefined",
      "heatpool.yaml:3:11 devices.0.port: Too big: expected number to be <=65535",
      "heatpool.yaml:4:1 polIntervalSeconds: unknown key",
    ]);
  });

  it.each([
    [
      "a: &x 1\nb: *x\n",
      "heatpool.yaml:1:7 file: anchors (&name) are not read; write the value out",
    ],
    ["a: 1\na: 2\n", "heatpool.yaml:2:1 file: this key is there twice"],
    [
      "a: 1\n---\nb: 1\n",
      "heatpool.yaml:2:1 file: more than one document (a line ---); one file is one document",
    ],
    ["a: !js/function 3\n", "heatpool.yaml:1:17 file: tags (!js/function) are not read"],
    ["a:\n\tb: 1\n", "heatpool.yaml:2:1 file: indented with a tab; use spaces"],
    ["? [a]\n: 1\n", "heatpool.yaml:1:3 file: keys must be plain words or numbers"],
    ["{".repeat(50_000), "heatpool.yaml:1:1 file: nested too deeply"],
  ])("refuses %j", (text, fault) => {
    expect(faultsOf(text)[1]).toBe(fault);
  });

  it("does not let a bomb of aliases grow", () => {
    const levels = Array.from({ length: 20 }, (_, i) => `l${i}: &l${i} [*l${i - 1}, *l${i - 1}]`);
    const bomb = `l-1: &l-1 [x]\n${levels.join("\n")}\n`;
    expect(faultsOf(bomb)[0]).toMatch(/^\d+ problem/);
  });

  it("reads nothing that is longer than its limit", () => {
    const text = "#".repeat(11);
    expect(() => readYaml(text, schema, { ...source, charactersMax: 10 })).toThrow(
      "heatpool.yaml:1:1 file: 11 characters; at most 10 are read",
    );
  });

  it("stops listing when there are too many", () => {
    const lines = Array.from({ length: 60 }, (_, i) => `k${i}: 1`).join("\n");
    const faults = faultsOf(`devices: []\n${lines}\n`);
    expect(faults[0]).toBe("60 problem(s)");
    expect(faults.at(-1)).toBe("and 20 more");
    expect(faults).toHaveLength(42);
  });

  it("takes __proto__ for a key like any other", () => {
    expect(faultsOf("devices: []\n__proto__: { host: x }\n")).toEqual([
      "1 problem(s)",
      "heatpool.yaml:2:1 __proto__: unknown key",
    ]);
  });
});

describe("openYaml", () => {
  it("places faults that only the reader of the value can find", () => {
    const yaml = openYaml("devices:\n  - { host: a, profile: b }\n", schema, source);
    yaml.refuse([]);
    expect(() => yaml.refuse([{ path: ["devices", 0, "host"], message: "is taken" }])).toThrow(
      "1 problem(s)\n  heatpool.yaml:2:13 devices.0.host: is taken",
    );
  });
});
