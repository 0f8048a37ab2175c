/** Secrets at rest: a record opens under its own name, in its own domain, with its own key only. */
import { describe, expect, it } from "vitest";
import { unwrapKey, wrapKey } from "#core/envelope/wrapped-key.js";

const place = {
  domain: "heatpool-keys/v1",
  secret: Buffer.alloc(32, 1),
  name: "kem",
} as const;
const secret = Buffer.from("a private key");
const record = wrapKey(place, secret, Buffer.alloc(12, 2));

describe("a wrapped key", () => {
  it("is nonce, ciphertext and tag, and opens again", () => {
    expect(record.length).toBe(12 + secret.length + 16);
    expect(unwrapKey(place, record)).toEqual(secret);
  });

  it("keeps its bytes for ever", () => {
    // Made with the form of the contract: HKDF-SHA256 without salt, aad = domain 00 name.
    expect(record.toString("hex")).toMatchInlineSnapshot(
      `"020202020202020202020202e895ba48cb5ab856864934e51b7f31e72a10add1fd87ed06af719f7012"`,
    );
  });

  it("does not open elsewhere", () => {
    expect(unwrapKey({ ...place, name: "tls" }, record)).toBeUndefined();
    expect(unwrapKey({ ...place, domain: "heatpool-store/v1" }, record)).toBeUndefined();
    expect(unwrapKey({ ...place, secret: Buffer.alloc(32, 3) }, record)).toBeUndefined();
  });

  it("does not open when a bit is changed or a byte is missing", () => {
    for (let bit = 0; bit < record.length * 8; bit++) {
      const changed = Buffer.from(record);
      changed.writeUInt8((changed[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      expect(unwrapKey(place, changed)).toBeUndefined();
    }
    for (let length = 0; length < record.length; length++)
      expect(unwrapKey(place, record.subarray(0, length))).toBeUndefined();
  });
});
