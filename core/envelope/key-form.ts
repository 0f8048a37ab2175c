/**
 * Keys in their one accepted form: DER whose beginning is known byte for byte, then the key.
 *
 * A parser would also take explicit curve parameters, compressed points and odd encodings
 * (two of Wycheproof's malformed P-256 keys pass OpenSSL's); the fixed beginning leaves none.
 * PEM and JWK are only other spellings: they are turned into DER and judged like it.
 * Source: RFC 5480 (P-256), RFC 8410 (X25519, Ed25519).
 */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

/** A kind of key. */
export type KeyKind = "x25519" | "ed25519" | "p256" | "rsa";

/** How a key is spelt. */
export type KeyText =
  | { readonly der: Uint8Array }
  | { readonly pem: string }
  | { readonly jwk: JsonWebKey };

/** Beginning and whole length of a SubjectPublicKeyInfo. */
const PUBLIC_FORMS = {
  x25519: { start: Buffer.from("302a300506032b656e032100", "hex"), bytes: 44 },
  ed25519: { start: Buffer.from("302a300506032b6570032100", "hex"), bytes: 44 },
  p256: {
    start: Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex"),
    bytes: 91,
  },
} as const;

/** Beginning and whole length of a PKCS#8 private key without attributes. */
const PRIVATE_FORMS = {
  x25519: { start: Buffer.from("302e020100300506032b656e04220420", "hex"), bytes: 48 },
  ed25519: { start: Buffer.from("302e020100300506032b657004220420", "hex"), bytes: 48 },
} as const;

/** As JWK names them (RFC 8037 2). */
const CURVES = { x25519: "X25519", ed25519: "Ed25519" } as const;

/** RSA keys are only read, to verify; below this they are refused. */
const RSA_BITS_MIN = 2048;

/** Reads a public key; `undefined` when it is not exactly of this kind and form. */
export function readPublicKey(kind: KeyKind, text: KeyText): KeyObject | undefined {
  try {
    if ("der" in text && (kind === "x25519" || kind === "ed25519")) return readRaw(kind, text.der);
    const key = createPublicKey(toInput(text, "spki"));
    const der = key.export({ type: "spki", format: "der" });
    // What was parsed must be what was written, byte for byte.
    if ("der" in text && !der.equals(text.der)) return undefined;
    return hasPublicForm(kind, der, key) ? key : undefined;
  } catch {
    return undefined;
  }
}

/** OpenSSL takes ten times longer to decode such a key than to use it; its form is fixed anyway. */
function readRaw(kind: "x25519" | "ed25519", der: Uint8Array): KeyObject | undefined {
  const { start, bytes } = PUBLIC_FORMS[kind];
  if (der.length !== bytes || !start.equals(der.subarray(0, start.length))) return undefined;
  const x = Buffer.from(der.subarray(start.length)).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: CURVES[kind], x }, format: "jwk" });
}

function hasPublicForm(kind: KeyKind, der: Buffer, key: KeyObject): boolean {
  if (kind === "rsa") {
    const isRsa = key.asymmetricKeyType === "rsa";
    return isRsa && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS_MIN;
  }
  const { start, bytes } = PUBLIC_FORMS[kind];
  return der.length === bytes && der.subarray(0, start.length).equals(start);
}

/**
 * Reads a private key; `undefined` when it is not exactly of this kind and form.
 *
 * @internal for whoever loads device keys
 */
export function readPrivateKey(kind: "x25519" | "ed25519", text: KeyText): KeyObject | undefined {
  try {
    const key = createPrivateKey(toInput(text, "pkcs8"));
    const { start, bytes } = PRIVATE_FORMS[kind];
    const der = key.export({ type: "pkcs8", format: "der" });
    if ("der" in text && !der.equals(text.der)) return undefined;
    return der.length === bytes && der.subarray(0, start.length).equals(start) ? key : undefined;
  } catch {
    return undefined;
  }
}

function toInput<Type extends "spki" | "pkcs8">(text: KeyText, type: Type) {
  if ("jwk" in text) return { key: text.jwk, format: "jwk" } as const;
  if ("pem" in text) return { key: text.pem, format: "pem" } as const;
  return { key: Buffer.from(text.der), format: "der", type } as const;
}

/** The 32 bytes of a public key as DER. */
export function toPublicDer(kind: "x25519" | "ed25519", raw: Uint8Array): Buffer {
  return Buffer.concat([PUBLIC_FORMS[kind].start, raw]);
}

/** The 32 bytes of a private key as DER. */
export function toPrivateDer(kind: "x25519" | "ed25519", raw: Uint8Array): Buffer {
  return Buffer.concat([PRIVATE_FORMS[kind].start, raw]);
}

/** The 32 bytes of a public key of one of the two Edwards kinds. */
export function toRawPublic(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}
