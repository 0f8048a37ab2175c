/** The quirks of iDM controllers, as promises of the packaged profiles. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseProfile } from "#core/profile/compile-profile.js";
import { decodeRegister } from "#core/profile/decode.js";
import { planReads } from "#core/profile/read-plan.js";

const folder = join(import.meta.dirname, "../../../firmware-profiles/idm");
const everything = {
  circuit: [..."abcdefg"],
  zone: Array.from({ length: 10 }, (_, i) => `${i + 1}`),
};

describe.each(["navigator-2.0", "navigator-10"])("idm/%s", (name) => {
  const file = join(folder, `${name}.yaml`);
  const profile = parseProfile(readFileSync(file, "utf8"), file);
  const whole = planReads(profile, { wanted: "all", parameters: everything });
  const find = (address: number) => {
    const register = profile.registers.find((one) => one.address === address);
    if (register === undefined) throw new Error(`nothing at ${address}`);
    return register;
  };

  it("reads each overlapping register from its own address, alone", () => {
    for (const address of [1392, 1393, 1441, 1442, 1483, 1484]) {
      const range = whole.ranges.find((one) => one.address === address);
      expect(range?.registers).toHaveLength(1);
      expect(range?.count).toBe(find(address).format.words);
    }
  });

  it("never reads the order that acknowledges faults, and never more than 40 words", () => {
    const touched = whole.ranges.flatMap((range) =>
      Array.from({ length: range.count }, (_, i) => range.address + i),
    );
    expect(touched).not.toContain(1999);
    expect(Math.max(...whole.ranges.map((range) => range.count))).toBeLessThanOrEqual(40);
  });

  it("uses one function code for both spaces", () => {
    expect(new Set(whole.ranges.map((range) => range.space))).toEqual(new Set(["input"]));
    expect(profile.registers.filter((one) => one.manualSpace === "holding")).not.toEqual([]);
  });

  it("takes -1 for a value where it is one, and for nothing where it is not", () => {
    expect(decodeRegister([65535], find(1104)).value).toBe(-1);
    expect(decodeRegister([65535], find(1120)).value).toBe(-1);
    expect(decodeRegister([0, 49024], find(1000)).quality).toBe("absent");
  });

  it("does not believe garbage of a zone's mode, or a spike of the power", () => {
    expect(decodeRegister([32453], find(2007)).quality).toBe("implausible");
    // 1e10 as float32, low word first.
    expect(decodeRegister([0xf900, 0x5015], find(4122)).quality).toBe("implausible");
  });

  it("reads circuit A and no zone unless told otherwise", () => {
    const ids = planReads(profile, { wanted: "all" }).ranges.flatMap((range) =>
      range.registers.map(({ register }) => register.id),
    );
    expect(ids).toContain("temp_flow_circuit_a");
    expect(ids).not.toContain("temp_flow_circuit_b");
    expect(ids.filter((id) => id.startsWith("zone_"))).toEqual([]);
  });

  it("says of what wears out, runs out or acts that nobody may write it lightly", () => {
    expect(find(1032).write?.kind).toBe("eeprom");
    expect(find(1696).write).toEqual({ kind: "watchdog", rewriteSeconds: 600 });
    expect(find(1999)).toMatchObject({ access: "w", write: { kind: "command" } });
  });

  it("refuses a Navigator 1.x, which answers nothing at 1090", () => {
    expect(profile.identification.map((one) => one.registerId)).toContain("operating_mode");
  });
});
