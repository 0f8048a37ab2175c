/**
 * Public keys of the catalogue and of the director: Ed25519, named by their key id.
 *
 * A key id is the SHA-256 of the key's canonical JSON (TUF 1.0.31 section 4.2), so one key has one
 * id; a list of ids therefore cannot hold the same key twice.
 */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { canonicalJson } from "./canonical-json.js";

/** A key as metadata lists it. */
export interface PublicKey {
  readonly keytype: "ed25519";
  readonly scheme: "ed25519";
  /** 64 hexadecimal digits. */
  readonly keyval: { readonly public: string };
}

/** DER of an Ed25519 SubjectPublicKeyInfo up to the key (RFC 8410). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
/** DER of an Ed25519 PKCS#8 key up to the seed (RFC 8410). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

export function keyIdOf(key: PublicKey): string {
  return createHash("sha256").update(canonicalJson(key)).digest("hex");
}

/** What metadata says about the public half of `key`, an Ed25519 key. */
export function describeKey(key: KeyObject): PublicKey {
  const spki = (key.type === "private" ? createPublicKey(key) : key).export({
    type: "spki",
    format: "der",
  });
  const hex = spki.subarray(SPKI_PREFIX.length).toString("hex");
  return { keytype: "ed25519", scheme: "ed25519", keyval: { public: hex } };
}

/** For `node:crypto`. */
export function toKeyObject(key: PublicKey): KeyObject {
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(key.keyval.public, "hex")]);
  return createPublicKey({ key: der, format: "der", type: "spki" });
}

/** DER (PKCS#8) of the private key that grows from 32 random bytes. */
export function toPrivateDer(seed: Uint8Array): Buffer {
  return Buffer.concat([PKCS8_PREFIX, seed]);
}
