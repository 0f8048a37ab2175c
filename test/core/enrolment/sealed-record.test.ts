/** Secrets at rest: a changed, moved or foreign record gives out nothing. */
import { describe, expect, it } from "vitest";
import { createRecordSeal } from "#core/enrolment/sealed-record.js";

const secret = Buffer.alloc(32, 1);
const nonce = Buffer.alloc(12, 2);
const plain = Buffer.from("a private key");
const seal = createRecordSeal(secret, "heatpool-keys/v1");
const unreadable = expect.objectContaining({ code: "STATE_INVALID" });

describe("sealed records", () => {
  it("open to what was sealed, with nonce and tag around it", () => {
    const sealed = seal.seal("tls-1", plain, nonce);
    expect(sealed).toHaveLength(12 + plain.length + 16);
    expect(sealed.subarray(0, 12)).toEqual(nonce);
    expect(seal.open("tls-1", sealed)).toEqual(plain);
  });

  it("do not open when any bit of them is another", () => {
    const sealed = seal.seal("tls-1", plain, nonce);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8((changed[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => seal.open("tls-1", changed)).toThrow(unreadable);
    }
    for (let end = 0; end < sealed.length; end++) {
      expect(() => seal.open("tls-1", sealed.subarray(0, end))).toThrow(unreadable);
    }
  });

  it("do not open under another name, secret or purpose", () => {
    const sealed = seal.seal("tls-1", plain, nonce);
    const others = [
      createRecordSeal(Buffer.alloc(32, 9), "heatpool-keys/v1"),
      createRecordSeal(secret, "heatpool-store/v1"),
    ];
    expect(() => seal.open("tls-2", sealed)).toThrow(unreadable);
    for (const other of others) expect(() => other.open("tls-1", sealed)).toThrow(unreadable);
  });
});
