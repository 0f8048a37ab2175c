/**
 * One secret for one device: HPKE base mode (RFC 9180), DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * ChaCha20-Poly1305.
 *
 * The protocol is @hpke/core's; only its primitives are node:crypto's, which are synchronous.
 * Through WebCrypto a seal costs a dozen trips to the thread pool and three times the CPU.
 */
import type { KeyObject, webcrypto } from "node:crypto";
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, EncapError, HkdfSha256 } from "@hpke/core";
import { agreeX25519, type X25519Pair } from "./key-agreement.js";
import { deriveKey, mac } from "./key-derivation.js";
import { readPublicKey, toPublicDer, toRawPublic } from "./key-form.js";

/** What both ends must agree on beside the keys. */
export interface HpkeContext {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

/** A sealed secret: the encapsulated key, and the ciphertext with its tag. */
export interface HpkeSeal {
  readonly enc: Uint8Array;
  readonly ct: Uint8Array;
}

type Bytes = ArrayBufferLike | ArrayBufferView;
/** What @hpke/core carries around as a key. */
type OpaqueKey = webcrypto.CryptoKey;

/** RFC 9180 4.1: the KEM's own HKDF is labelled with this. */
const KEM_SUITE_ID = Buffer.from([0x4b, 0x45, 0x4d, 0x00, 0x20]);
const HASH_BYTES = 32;

/** HKDF-SHA256 on node:crypto; the labels stay @hpke/core's. */
class NodeHkdf extends HkdfSha256 {
  override async extract(salt: Bytes, ikm: Bytes): Promise<ArrayBuffer> {
    const key = toBytes(salt);
    return toOwn(mac(key.length === 0 ? Buffer.alloc(HASH_BYTES) : key, toBytes(ikm)));
  }

  override async expand(prk: Bytes, info: Bytes, length: number): Promise<ArrayBuffer> {
    const key = toBytes(prk);
    const blocks: Buffer[] = [];
    let last: Buffer = Buffer.alloc(0);
    for (let block = 1; blocks.length * HASH_BYTES < length; block++) {
      last = mac(key, Buffer.concat([last, toBytes(info), Buffer.of(block)]));
      blocks.push(last);
    }
    return toOwn(Buffer.concat(blocks).subarray(0, length));
  }

  override async extractAndExpand(salt: Bytes, ikm: Bytes, info: Bytes, length: number) {
    const input = { secret: toBytes(ikm), salt: toBytes(salt), info: toBytes(info) };
    return toOwn(deriveKey("sha256", input, length));
  }
}

const NODE_X25519 = {
  serializePublicKey: async (key: OpaqueKey) => toOwn(toRawPublic(toKey(key))),
  deserializePublicKey: async (raw: Bytes) => {
    const key = readPublicKey("x25519", { der: toPublicDer("x25519", toBytes(raw)) });
    if (key === undefined) throw new Error("no X25519 key");
    return toOpaque(key);
  },
  dh: async (ours: OpaqueKey, theirs: OpaqueKey) => {
    const secret = agreeX25519(toKey(ours), toKey(theirs));
    if (secret === undefined) throw new Error("a key of low order");
    return toOwn(secret);
  },
};

/** X25519 on node:crypto. A `CryptoKey` of @hpke/core is a `KeyObject` here, seen only by this. */
class NodeKem extends DhkemX25519HkdfSha256 {
  constructor() {
    super();
    this._kdf = new NodeHkdf();
    this._kdf.init(KEM_SUITE_ID);
    // The rest of the library's primitives makes and reads keys, which nobody asks it for here.
    Object.assign(this._prim, NODE_X25519);
  }
}

const suite = new CipherSuite({
  kem: new NodeKem(),
  kdf: new NodeHkdf(),
  aead: new Chacha20Poly1305(),
});

/**
 * Seals `secret` so that only the holder of `recipient`'s private half can open it; `undefined`
 * when the recipient's key is of low order, so that everybody could.
 *
 * @param recipient X25519 public key
 * @param ephemeral a fresh key pair, used for nothing else
 */
export async function sealToDevice(
  recipient: KeyObject,
  context: HpkeContext,
  secret: Uint8Array,
  ephemeral: X25519Pair,
): Promise<HpkeSeal | undefined> {
  const ekm = toOpaquePair(ephemeral);
  const params = { recipientPublicKey: toOpaque(recipient), info: context.info, ekm };
  const sender = await suite.createSenderContext(params).catch((error: unknown) => {
    if (error instanceof EncapError) return undefined;
    throw error;
  });
  if (sender === undefined) return undefined;
  const ct = await sender.seal(secret, context.aad);
  return { enc: new Uint8Array(sender.enc), ct: new Uint8Array(ct) };
}

/** The secret, or `undefined` when it was not sealed to this key in this context. */
export async function openAsDevice(
  ours: X25519Pair,
  context: HpkeContext,
  { enc, ct }: HpkeSeal,
): Promise<Buffer | undefined> {
  try {
    const params = { recipientKey: toOpaquePair(ours), enc, info: context.info };
    const recipient = await suite.createRecipientContext(params);
    return Buffer.from(await recipient.open(ct, context.aad));
  } catch {
    return undefined;
  }
}

function toBytes(data: Bytes): Buffer {
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}

/** A buffer of its own: Node's small buffers share one that others use too. */
function toOwn(data: Buffer): ArrayBuffer {
  return new Uint8Array(data).buffer;
}

function toOpaquePair({ privateKey, publicKey }: X25519Pair) {
  return { privateKey: toOpaque(privateKey), publicKey: toOpaque(publicKey) };
}

function toOpaque(key: KeyObject): OpaqueKey {
  return key as unknown as OpaqueKey;
}

function toKey(key: OpaqueKey): KeyObject {
  return key as unknown as KeyObject;
}
