/** KEM keys: with a point of low order anybody could open what is sealed to it. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { kidOf, readKemKey } from "#core/enrolment/kem-key.js";

const PREFIX = Buffer.from("302a300506032b656e032100", "hex");
const trial = generateKeyPairSync("x25519").privateKey;
const wrong = expect.objectContaining({ code: "INVALID_ARGUMENT" });
const spkiOf = (point: string) => Buffer.concat([PREFIX, Buffer.from(point, "hex")]);

/**
 * Every point of small order of Curve25519 and of its twist, and their forms that are not reduced.
 * Source: D. J. Bernstein, Curve25519, "May the Diffie-Hellman function be used…", https://cr.yp.to/ecdh.html
 */
const LOW_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

describe("readKemKey", () => {
  it("takes a key of ours", () => {
    const spki = generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "der" });
    expect(readKemKey(spki, trial).asymmetricKeyType).toBe("x25519");
    expect(kidOf(spki)).toBe(createHash("sha256").update(spki).digest("hex"));
  });

  it.each(LOW_ORDER)("refuses the point %s", (point) => {
    expect(() => readKemKey(spkiOf(point), trial)).toThrow(wrong);
  });

  it("refuses other lengths, other algorithms and other forms", () => {
    const spki = generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "der" });
    const ed25519 = generateKeyPairSync("ed25519").publicKey.export({
      type: "spki",
      format: "der",
    });
    for (const one of [
      Buffer.alloc(0),
      spki.subarray(0, 43),
      Buffer.concat([spki, Buffer.alloc(1)]),
      ed25519,
    ]) {
      expect(() => readKemKey(one, trial)).toThrow(wrong);
    }
  });
});
