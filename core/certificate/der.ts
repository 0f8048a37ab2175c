/**
 * DER and PEM: the one place where node-forge is used, and of it only the ASN.1 writer and reader
 * and the PEM writer. `node:crypto` makes and checks every signature.
 *
 * Reading is strict: the whole input, DER only, at most `DER_BYTES_MAX` long and `DER_DEPTH_MAX`
 * deep.
 */
import type forge from "node-forge";
// These parts alone: the whole of it, with RSA, ciphers and TLS, is 3 MB in the memory of a daemon.
import asn1 from "node-forge/lib/asn1.js";
import pem from "node-forge/lib/pem.js";
import { HeatpoolError } from "#core/errors.js";

/** A node of an ASN.1 tree. */
export type Asn1 = forge.asn1.Asn1;

/** A certificate of ours has under 1 KiB; one of a public authority under 4. */
const DER_BYTES_MAX = 16 * 1024;
/** Name constraints in a certificate, the deepest we know, reach 11. */
const DER_DEPTH_MAX = 16;
/** Last millisecond that UTCTime can carry (RFC 5280, 4.1.2.5). */
const UTC_TIME_LAST_MS = Date.UTC(2049, 11, 31, 23, 59, 59, 999);

const { Type, Class } = asn1;

function universal(type: forge.asn1.Type, value: string | Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, type, Array.isArray(value), value);
}

/** Bytes as the text of code points 0 to 255 that node-forge wants. */
function toBinary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function sequence(...nodes: Asn1[]): Asn1 {
  return universal(Type.SEQUENCE, nodes);
}

export function set(...nodes: Asn1[]): Asn1 {
  return universal(Type.SET, nodes);
}

/** @param dotted e.g. `2.5.29.17` */
export function objectId(dotted: string): Asn1 {
  return universal(Type.OID, asn1.oidToDer(dotted).getBytes());
}

/** @param bytes big-endian two's complement, shortest form */
export function integer(bytes: Uint8Array): Asn1 {
  return universal(Type.INTEGER, toBinary(bytes));
}

/** DER knows true as 0xff only, and leaves a default of false out. */
export function isTrue(): Asn1 {
  return universal(Type.BOOLEAN, "\xff");
}

export function octets(bytes: Uint8Array): Asn1 {
  return universal(Type.OCTETSTRING, toBinary(bytes));
}

/** @param unusedBits bits of the last byte that do not count */
export function bits(bytes: Uint8Array, unusedBits = 0): Asn1 {
  return universal(Type.BITSTRING, String.fromCharCode(unusedBits) + toBinary(bytes));
}

export function utf8(text: string): Asn1 {
  return universal(Type.UTF8, toBinary(Buffer.from(text, "utf8")));
}

/** A context-specific tag: with nodes inside it wraps them, with bytes it replaces their tag. */
export function tagged(number: number, value: Uint8Array | Asn1[]): Asn1 {
  const content = Array.isArray(value) ? value : toBinary(value);
  return asn1.create(Class.CONTEXT_SPECIFIC, number, Array.isArray(value), content);
}

/** UTCTime through 2049, GeneralizedTime after (RFC 5280, 4.1.2.5); whole seconds. */
export function time(atMs: number): Asn1 {
  const digits = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, "");
  return atMs <= UTC_TIME_LAST_MS
    ? universal(Type.UTCTIME, digits.slice(2))
    : universal(Type.GENERALIZEDTIME, digits);
}

/** The node as bytes. */
export function encodeDer(node: Asn1): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), "latin1");
}

/** @throws HeatpoolError `CERTIFICATE_INVALID` too long, too deep, or not DER */
export function parseDer(bytes: Uint8Array): Asn1 {
  if (bytes.length > DER_BYTES_MAX) {
    const what = `${bytes.length} bytes of DER, at most ${DER_BYTES_MAX}`;
    throw new HeatpoolError("CERTIFICATE_INVALID", what);
  }
  const options = {
    strict: true,
    parseAllBytes: true,
    decodeBitStrings: false,
    maxDepth: DER_DEPTH_MAX,
  };
  try {
    // The types know only the older form of the second argument.
    return asn1.fromDer(toBinary(bytes), options as never);
  } catch (cause) {
    throw new HeatpoolError("CERTIFICATE_INVALID", "not DER", { cause });
  }
}

/** The child at `index`. @throws HeatpoolError `CERTIFICATE_INVALID` there is none */
export function child(node: Asn1, index: number): Asn1 {
  const found = Array.isArray(node.value) ? node.value[index] : undefined;
  if (found === undefined) {
    throw new HeatpoolError("CERTIFICATE_INVALID", `no element ${index} in the DER`);
  }
  return found;
}

/** @param label e.g. `CERTIFICATE` */
export function encodePem(label: string, der: Uint8Array): string {
  const text = pem.encode({ type: label, body: toBinary(der) } as never);
  return text.replaceAll("\r\n", "\n");
}
