/** The recovery code: read from paper by a person, years later, on a bad day. */
import { describe, expect, it } from "vitest";
import {
  formatRecoveryCode,
  hmacRecoveryCode,
  parseRecoveryCode,
} from "#core/enrolment/recovery-code.js";
import { createChance } from "../../support/chance.js";

const chance = createChance(3);

describe("recovery codes", () => {
  it("have six groups of four and one of two, without letters that look like others", () => {
    const code = formatRecoveryCode(Buffer.alloc(16, 0xff));
    expect(code).toBe("ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZW");
    expect(formatRecoveryCode(Buffer.alloc(16))).toBe("0000-0000-0000-0000-0000-0000-00");
    expect(code).not.toMatch(/[ILOU]/);
  });

  it("come back as the same bytes, however they are typed", () => {
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(chance(16));
      const code = formatRecoveryCode(bytes);
      expect(parseRecoveryCode(code)).toEqual(bytes);
      const typed = ` ${code.toLowerCase().replaceAll("-", " ")}`
        .replaceAll("0", "o")
        .replaceAll("1", "l");
      expect(parseRecoveryCode(typed)).toEqual(bytes);
    }
  });

  it("are refused when a character is missing, too many, or none of the alphabet", () => {
    const code = formatRecoveryCode(Buffer.from(chance(16)));
    expect(parseRecoveryCode(code.slice(1))).toBeUndefined();
    expect(parseRecoveryCode(`${code}0`)).toBeUndefined();
    expect(parseRecoveryCode(`U${code.slice(1)}`)).toBeUndefined();
    expect(parseRecoveryCode(`${code.slice(0, -1)}Z`)).toBeUndefined();
  });

  it("are kept as a HMAC that depends on the key and on whose code it is", () => {
    const code = Buffer.from(chance(16));
    const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const kept = hmacRecoveryCode(one, "a", code);
    expect(kept).toMatch(/^[0-9a-f]{64}$/);
    expect(hmacRecoveryCode(two, "a", code)).not.toBe(kept);
    expect(hmacRecoveryCode(one, "b", code)).not.toBe(kept);
  });
});
