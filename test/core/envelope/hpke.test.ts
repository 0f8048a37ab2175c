/**
 * HPKE: one content key for one device. The same bytes as the RFC's, and as the library's own
 * WebCrypto suite, or two daemons would not understand each other.
 */
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { describe, expect, it } from "vitest";
import { openAsDevice, sealToDevice } from "#core/envelope/hpke.js";
import { createX25519Pair, isUsableX25519 } from "#core/envelope/key-agreement.js";
import { toPublicDer, toRawPublic } from "#core/envelope/key-form.js";
import { createChance } from "../../support/chance.js";
import { roundTrip } from "../../support/hpke-round-trip.js";
import { readVectors } from "../../support/vectors.js";

interface RfcVector {
  readonly name: string;
  readonly aeadId: number;
  readonly skRm: string;
  readonly enc: string;
  readonly info: string;
  readonly aad: string;
  readonly pt: string;
  readonly ct: string;
}

const { vectors } = readVectors<{ vectors: readonly RfcVector[] }>("hpke-rfc9180-base-x25519.json");
/** skEm of RFC 9180, A.2.1. */
const RFC_EPHEMERAL = "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600";
const hex = (text: string) => Buffer.from(text, "hex");
const flipped = (bytes: Buffer) => {
  const other = Buffer.from(bytes);
  other.writeUInt8((other[0] ?? 0) ^ 1, 0);
  return other;
};

describe("HPKE", () => {
  const ours = vectors.filter(({ aeadId }) => aeadId === 3);
  const foreign = vectors.filter(({ aeadId }) => aeadId === 1);

  it.each(ours)("opens $name, and nothing that differs in one byte", async (vector) => {
    const pair = createX25519Pair(hex(vector.skRm));
    const [info, aad, enc, ct] = [vector.info, vector.aad, vector.enc, vector.ct].map(hex) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    expect(await openAsDevice(pair, { info, aad }, { enc, ct })).toEqual(hex(vector.pt));
    for (const [context, seal] of [
      [
        { info: flipped(info), aad },
        { enc, ct },
      ],
      [
        { info, aad: flipped(aad) },
        { enc, ct },
      ],
      [
        { info, aad },
        { enc: flipped(enc), ct },
      ],
      [
        { info, aad },
        { enc, ct: flipped(ct) },
      ],
      [
        { info, aad },
        { enc, ct: ct.subarray(1) },
      ],
      [
        { info, aad },
        { enc: enc.subarray(1), ct },
      ],
    ] as const)
      expect(await openAsDevice(pair, context, seal)).toBeUndefined();
    const other = createX25519Pair(flipped(hex(vector.skRm).fill(7)));
    expect(await openAsDevice(other, { info, aad }, { enc, ct })).toBeUndefined();
  });

  it.each(ours)("seals $name to the bytes of the RFC", async (vector) => {
    const recipient = createX25519Pair(hex(vector.skRm)).publicKey;
    const context = { info: hex(vector.info), aad: hex(vector.aad) };
    const once = createX25519Pair(hex(RFC_EPHEMERAL));
    const seal = await sealToDevice(recipient, context, hex(vector.pt), once);
    expect(seal?.enc).toEqual(new Uint8Array(hex(vector.enc)));
    expect(seal?.ct).toEqual(new Uint8Array(hex(vector.ct)));
  });

  it.each(foreign)("$name is right in the library that we build on", async (vector) => {
    const kem = new DhkemX25519HkdfSha256();
    const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes128Gcm() });
    const recipientKey = await kem.importKey("raw", new Uint8Array(hex(vector.skRm)).buffer, false);
    const params = { recipientKey, enc: hex(vector.enc), info: hex(vector.info) };
    const plain = await suite.open(params, hex(vector.ct), hex(vector.aad));
    expect(Buffer.from(plain)).toEqual(hex(vector.pt));
  });

  it("is understood by the library's WebCrypto suite and by one written from the RFC alone, and understands both", async () => {
    const chance = createChance(11);
    const kem = new DhkemX25519HkdfSha256();
    const stock = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Chacha20Poly1305() });
    for (let trip = 0; trip < 40; trip++)
      expect(await roundTrip({ kem, stock }, chance), `trip ${trip}`).toBe(true);
  });

  it("knows the keys of low order, to which everybody has the secret", async () => {
    // RFC 7748, section 7; the points of small order of curve25519 and its twist.
    const low = [
      "00".repeat(32),
      `01${"00".repeat(31)}`,
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      `ec${"ff".repeat(30)}7f`,
      `ed${"ff".repeat(30)}7f`,
      `ee${"ff".repeat(30)}7f`,
    ];
    const pair = createX25519Pair(Buffer.alloc(32, 3));
    for (const raw of low) {
      const der = toPublicDer("x25519", hex(raw));
      expect(isUsableX25519(der), raw).toBe(false);
      const context = { info: Buffer.alloc(1), aad: Buffer.alloc(1) };
      const seal = { enc: hex(raw), ct: Buffer.alloc(48) };
      expect(await openAsDevice(pair, context, seal)).toBeUndefined();
    }
    expect(isUsableX25519(toPublicDer("x25519", toRawPublic(pair.publicKey)))).toBe(true);
    expect(isUsableX25519(toRawPublic(pair.publicKey))).toBe(false);
  });

  it("gives the same seal for the same key pair, so nothing else is left to chance", async () => {
    const [device, once] = [
      createX25519Pair(Buffer.alloc(32, 1)),
      createX25519Pair(Buffer.alloc(32, 2)),
    ];
    const seal = () =>
      sealToDevice(device.publicKey, { info: Buffer.of(1), aad: Buffer.of(2) }, Buffer.of(3), once);
    expect(await seal()).toEqual(await seal());
  });
});
