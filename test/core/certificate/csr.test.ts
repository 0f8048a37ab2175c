/**
 * Certificate requests: whoever gets one past the reader chooses what the backend signs, so exactly
 * one form is taken, and OpenSSL has to agree with it.
 */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCsr, SPKI_PREFIX, writeCsr } from "#core/certificate/csr.js";
import { encodePem } from "#core/certificate/der.js";
import { csrAttacks, csrMutations } from "../../../attacks/csr.js";
import { temporaryFolder } from "../../support/folder.js";
import { isPeerMissing } from "../../support/peer.js";

interface Vector {
  readonly name: string;
  readonly expect: "accept" | "reject";
  readonly der: string;
}

const { vectors } = JSON.parse(readFileSync("test/vectors/csr-v1.json", "utf8")) as {
  vectors: Vector[];
};
const ID = "550e8400-e29b-41d4-a716-446655440000";
const refused = expect.objectContaining({ code: "CERTIFICATE_INVALID" });

describe("readCsr", () => {
  it.each(vectors)("$expect: $name", ({ name, expect: verdict, der }) => {
    const bytes = Buffer.from(der, "base64");
    if (verdict === "reject") {
      expect(() => readCsr(bytes)).toThrow(refused);
      return;
    }
    const { installationId, spki, publicKey } = readCsr(bytes);
    expect(installationId).toBe(name === "profile" ? ID : "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
    expect(spki.subarray(0, SPKI_PREFIX.length)).toEqual(SPKI_PREFIX);
    expect(publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  });

  it("takes all lengths that a signature may have", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const lengths = new Set<number>();
    for (let round = 0; round < 200; round++) {
      const der = writeCsr(ID, privateKey);
      lengths.add(der.length);
      expect(readCsr(der).installationId).toBe(ID);
    }
    expect(lengths.size).toBeGreaterThan(1);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(314);
  });

  it("takes none of 1,000 changed and 12,500 wild ones, and breaks on none", async () => {
    const counts = await csrAttacks.run({ seed: 3, cases: 1_000 });
    expect(counts).toEqual({ cases: 13_500, accepted: 0, plaintextBytes: 0, crashes: 0 });
  });

  it("makes mutations that differ from the request in one byte each", () => {
    const all = [...csrMutations(500, 1)];
    expect(all).toHaveLength(500);
    expect(new Set(all.map((one) => one.toString("hex"))).size).toBe(500);
  });
});

describe("writeCsr", () => {
  it("refuses what is not a lower-case UUIDv4 and what is not P-256", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const other = generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey;
    const wrong = expect.objectContaining({ code: "INVALID_ARGUMENT" });
    expect(() => writeCsr(ID.toUpperCase(), privateKey)).toThrow(wrong);
    expect(() => writeCsr(ID.replace("-4", "-1"), privateKey)).toThrow(wrong);
    expect(() => writeCsr(ID, other)).toThrow(wrong);
  });

  it.skipIf(isPeerMissing("openssl"))("makes what OpenSSL verifies and reads alike", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const path = join(temporaryFolder(), "request.pem");
    writeFileSync(path, encodePem("CERTIFICATE REQUEST", writeCsr(ID, privateKey)));
    const text = execFileSync("openssl", ["req", "-in", path, "-verify", "-noout", "-text"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(text).toContain(`CN = ${ID}`);
    expect(text).toContain(`URI:urn:uuid:${ID}`);
    expect(text).toContain("ecdsa-with-SHA256");
    expect(text).toContain("prime256v1");
  });
});
