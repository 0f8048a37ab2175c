/**
 * Requests for certificates of installations (PKCS#10), in one exact form.
 *
 * The reader takes id, key and signature out at their places, builds the request again from them
 * and compares bytes, so that no byte of it can mean anything that is not meant here; the fixed
 * beginning of the key closes what a rebuilt request would repeat: explicit curve parameters and
 * compressed points. Only then the signature is verified. Nothing but id and key is ever used.
 *
 * Source: RFC 2986; RFC 5480, 2 for the key.
 */
import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { HeatpoolError } from "#core/errors.js";
import {
  type Asn1,
  bits,
  encodeDer,
  integer,
  objectId,
  parseDer,
  sequence,
  set,
  tagged,
  utf8,
} from "./der.js";
import { installationName } from "./extension.js";

/** What a request proves: somebody holds the private key and wants this id. */
export interface CertificateRequest {
  /** Lower-case UUIDv4. */
  readonly installationId: string;
  readonly publicKey: KeyObject;
  /** The key as 91 bytes: SubjectPublicKeyInfo of an uncompressed point on P-256. */
  readonly spki: Buffer;
}

/** A request of ours has 314 bytes at most. */
const CSR_BYTES_MAX = 2048;
/** SubjectPublicKeyInfo of P-256 with a named curve, as far as the point. */
export const SPKI_PREFIX = Buffer.from(
  "3059301306072a8648ce3d020106082a8648ce3d03010703420004",
  "hex",
);
export const SPKI_BYTES = 91;
/** UUIDv4 (RFC 9562, 5.4), lower case. */
export const INSTALLATION_ID =
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ID_CHARS = 36;

const COMMON_NAME = "2.5.4.3";
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const SHA256_WITH_ECDSA = "1.2.840.10045.4.3.2";
const VERSION_1 = Uint8Array.of(0);

/** A made-up id and key of the right lengths: where in a request things stand. */
const PLACES = findPlaces();

/**
 * Makes a request.
 *
 * @returns DER
 * @throws HeatpoolError `INVALID_ARGUMENT` the id is not a UUIDv4, or the key not P-256
 */
export function writeCsr(installationId: string, privateKey: KeyObject): Buffer {
  if (!INSTALLATION_ID.test(installationId)) {
    throw new HeatpoolError("INVALID_ARGUMENT", "a request needs a lower-case UUIDv4");
  }
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  if (!isPlainP256(spki)) throw new HeatpoolError("INVALID_ARGUMENT", "the key is not P-256");
  const body = toBody(installationId, parseDer(spki));
  return assemble(body, sign("sha256", encodeDer(body), privateKey));
}

/** @throws HeatpoolError `CERTIFICATE_INVALID` whatever is not exactly a request of ours */
export function readCsr(der: Uint8Array): CertificateRequest {
  const parts = split(der);
  if (!INSTALLATION_ID.test(parts.installationId)) throw refused("no lower-case UUIDv4");
  if (!isPlainP256(parts.spki)) throw refused("no plain key on P-256");
  const body = toBody(parts.installationId, parseDer(parts.spki));
  if (!assemble(body, parts.signature).equals(der)) throw refused("not the form of a request");
  const publicKey = readSpki(parts.spki);
  // OpenSSL takes a signature in DER only, and knows whether the point is on the curve.
  if (!verify("sha256", encodeDer(body), publicKey, parts.signature)) {
    throw refused("the signature is not the key's");
  }
  return { installationId: parts.installationId, publicKey, spki: parts.spki };
}

/** @throws HeatpoolError `CERTIFICATE_INVALID` no key on P-256 in its one form */
export function readSpki(spki: Uint8Array): KeyObject {
  if (!isPlainP256(spki)) throw refused("no plain key on P-256");
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch (cause) {
    throw refused("the point is not on P-256", cause);
  }
}

/** Whether a key is written in the one way that we take. */
function isPlainP256(spki: Uint8Array): boolean {
  const prefix = Buffer.from(spki.subarray(0, SPKI_PREFIX.length));
  return spki.length === SPKI_BYTES && prefix.equals(SPKI_PREFIX);
}

/** Cuts at the places where a request of ours has its parts; what is there is judged later. */
function split(der: Uint8Array) {
  if (der.length > CSR_BYTES_MAX) {
    throw refused(`${der.length} bytes, at most ${CSR_BYTES_MAX}`);
  }
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  if (bytes.length <= PLACES.signature) throw refused(`${bytes.length} bytes are too few`);
  const at = (from: number, count: number) => Buffer.from(bytes.subarray(from, from + count));
  return {
    installationId: at(PLACES.id, ID_CHARS).toString("latin1"),
    spki: at(PLACES.spki, SPKI_BYTES),
    signature: Buffer.from(bytes.subarray(PLACES.signature)),
  };
}

function toBody(installationId: string, spki: Asn1): Asn1 {
  return sequence(
    integer(VERSION_1),
    sequence(set(sequence(objectId(COMMON_NAME), utf8(installationId)))),
    spki,
    tagged(0, [
      sequence(objectId(EXTENSION_REQUEST), set(sequence(installationName(installationId)))),
    ]),
  );
}

function assemble(body: Asn1, signature: Uint8Array): Buffer {
  return encodeDer(sequence(body, sequence(objectId(SHA256_WITH_ECDSA)), bits(signature)));
}

/** Signatures have 64 to 72 bytes; the lengths before them are written alike for all of these. */
function findPlaces(): { id: number; spki: number; signature: number } {
  const id = "00000000-0000-4000-8000-000000000000";
  const spki = Buffer.concat([SPKI_PREFIX, Buffer.alloc(SPKI_BYTES - SPKI_PREFIX.length, 1)]);
  const signature = Buffer.alloc(70, 2);
  const sample = assemble(toBody(id, parseDer(spki)), signature);
  return {
    id: sample.indexOf(id),
    spki: sample.indexOf(spki),
    signature: sample.indexOf(signature),
  };
}

function refused(why: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("CERTIFICATE_INVALID", `certificate request: ${why}`, { cause });
}
