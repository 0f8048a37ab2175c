/**
 * HPKE in base mode, written from RFC 9180 (sections 4.1 and 5.1) on node:crypto alone, so that what
 * the product makes with a library is held against something that shares no line with it.
 *
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from "node:crypto";

const KEM_ID = Buffer.from("KEM\x00\x20", "latin1");
const SUITE_ID = Buffer.from("HPKE\x00\x20\x00\x01\x00\x03", "latin1");
const VERSION = Buffer.from("HPKE-v1");
const TAG_BYTES = 16;
const none = Buffer.alloc(0);

interface Sealed {
  readonly enc: Buffer;
  readonly ct: Buffer;
}

interface Context {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

const hmac = (key: Uint8Array, ...data: Uint8Array[]) =>
  createHmac("sha256", key).update(Buffer.concat(data)).digest();

function extract(suite: Buffer, salt: Uint8Array, label: string, ikm: Uint8Array): Buffer {
  const key = salt.length === 0 ? Buffer.alloc(32) : salt;
  return hmac(key, VERSION, suite, Buffer.from(label), ikm);
}

function expand(suite: Buffer, prk: Buffer, label: string, info: Uint8Array, bytes: number) {
  const length = Buffer.of(bytes >> 8, bytes & 0xff);
  // One block of SHA-256 is enough for everything here.
  const whole = hmac(prk, length, VERSION, suite, Buffer.from(label), info, Buffer.of(1));
  return whole.subarray(0, bytes);
}

const rawOf = (key: KeyObject) =>
  Buffer.from(String(createPublicKey(key).export({ format: "jwk" }).x), "base64url");

function privateKeyOf(raw: Uint8Array): KeyObject {
  const head = Buffer.from("302e020100300506032b656e04220420", "hex");
  return createPrivateKey({ key: Buffer.concat([head, raw]), format: "der", type: "pkcs8" });
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  const head = Buffer.from("302a300506032b656e032100", "hex");
  return createPublicKey({ key: Buffer.concat([head, raw]), format: "der", type: "spki" });
}

function schedule(dh: Buffer, enc: Buffer, recipient: Buffer, info: Uint8Array) {
  const eaePrk = extract(KEM_ID, none, "eae_prk", dh);
  const shared = expand(KEM_ID, eaePrk, "shared_secret", Buffer.concat([enc, recipient]), 32);
  const context = Buffer.concat([
    Buffer.of(0),
    extract(SUITE_ID, none, "psk_id_hash", none),
    extract(SUITE_ID, none, "info_hash", info),
  ]);
  const secret = extract(SUITE_ID, shared, "secret", none);
  return {
    key: expand(SUITE_ID, secret, "key", context, 32),
    nonce: expand(SUITE_ID, secret, "base_nonce", context, 12),
  };
}

/** @param ephemeral raw private key, for this once */
export function plainSeal(
  recipient: Uint8Array,
  { info, aad }: Context,
  plain: Uint8Array,
  ephemeral: Uint8Array,
): Sealed {
  const own = privateKeyOf(ephemeral);
  const enc = rawOf(own);
  const dh = diffieHellman({ privateKey: own, publicKey: publicKeyOf(recipient) });
  const { key, nonce } = schedule(dh, enc, Buffer.from(recipient), info);
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad, { plaintextLength: plain.length });
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { enc, ct: Buffer.concat([body, cipher.getAuthTag()]) };
}

/** @throws where it was not sealed to this key in this context */
export function plainOpen(
  ours: Uint8Array,
  { info, aad }: Context,
  { enc, ct }: { readonly enc: Uint8Array; readonly ct: Uint8Array },
): Buffer {
  const own = privateKeyOf(ours);
  const dh = diffieHellman({ privateKey: own, publicKey: publicKeyOf(enc) });
  const { key, nonce } = schedule(dh, Buffer.from(enc), rawOf(own), info);
  const cipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad, { plaintextLength: ct.length - TAG_BYTES });
  cipher.setAuthTag(ct.subarray(ct.length - TAG_BYTES));
  return Buffer.concat([cipher.update(ct.subarray(0, ct.length - TAG_BYTES)), cipher.final()]);
}
