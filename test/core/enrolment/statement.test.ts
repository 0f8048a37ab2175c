/** Signed statements: a signature for one purpose must never stand for another. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  consentStatement,
  isSignedBy,
  kemStatement,
  renewStatement,
  signStatement,
  withdrawalStatement,
} from "#core/enrolment/statement.js";

const ID = "550e8400-e29b-41d4-a716-446655440000";
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("statements", () => {
  it("are the bytes of the contract", () => {
    const uuid = ID.replaceAll("-", "");
    const name = (text: string) => Buffer.from(`${text}\0`).toString("hex");
    expect(kemStatement(ID, Buffer.from("kem")).toString("hex")).toBe(
      `${name("heatpool-kem/v1")}${uuid}${sha256("kem")}`,
    );
    const nonce = Buffer.alloc(32, 7);
    expect(renewStatement(nonce, Buffer.from("csr"), Buffer.from("kem")).toString("hex")).toBe(
      `${name("heatpool-renew/v1")}${"07".repeat(32)}${sha256("csr")}${sha256("kem")}`,
    );
    expect(consentStatement(Buffer.from("{}")).toString("hex")).toBe(
      `${name("heatpool-consent/v1")}${sha256("{}")}`,
    );
    expect(withdrawalStatement(ID, Buffer.from("{}")).toString("hex")).toBe(
      `${name("heatpool-withdrawal/v1")}${uuid}${sha256("{}")}`,
    );
  });

  it("count only with the key, the bytes and the purpose they were signed for", () => {
    const statement = kemStatement(ID, Buffer.from("kem"));
    const signature = signStatement(statement, privateKey);
    expect(isSignedBy(statement, publicKey, signature)).toBe(true);
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
    expect(isSignedBy(statement, other, signature)).toBe(false);
    expect(isSignedBy(kemStatement(ID, Buffer.from("kex")), publicKey, signature)).toBe(false);
    expect(isSignedBy(withdrawalStatement(ID, Buffer.from("kem")), publicKey, signature)).toBe(
      false,
    );
  });

  it("are refused with no signature, half a signature and one that is too long", () => {
    const statement = consentStatement(Buffer.from("{}"));
    const signature = signStatement(statement, privateKey);
    for (const wrong of [
      Buffer.alloc(0),
      signature.subarray(0, 40),
      Buffer.concat([signature, Buffer.alloc(1)]),
      Buffer.alloc(200, 0x30),
    ]) {
      expect(isSignedBy(statement, publicKey, wrong)).toBe(false);
    }
  });
});
