/**
 * X.509 v3 extensions, as far as our certificates carry them.
 *
 * Source: RFC 5280, 4.2.
 */
import { createHash, type KeyObject } from "node:crypto";
import {
  type Asn1,
  bits,
  child,
  encodeDer,
  integer,
  isTrue,
  objectId,
  octets,
  parseDer,
  sequence,
  tagged,
} from "./der.js";
import type { Host } from "./host.js";

/** What a key may be used for (RFC 5280, 4.2.1.3), by the number of its bit. */
const KEY_USES = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;
/** Whom a key may speak for (RFC 5280, 4.2.1.12). */
const PURPOSES = { serverAuth: "1.3.6.1.5.5.7.3.1", clientAuth: "1.3.6.1.5.5.7.3.2" } as const;

function extension(id: string, value: Asn1, more: { critical: boolean }): Asn1 {
  const content = octets(encodeDer(value));
  return more.critical
    ? sequence(objectId(id), isTrue(), content)
    : sequence(objectId(id), content);
}

/**
 * Whether the key signs certificates.
 *
 * @param below how many authorities may stand below this one; 0: it signs those of ends only
 */
export function basicConstraints(isAuthority: boolean, below = 0): Asn1 {
  const value = isAuthority ? sequence(isTrue(), integer(Uint8Array.of(below))) : sequence();
  return extension("2.5.29.19", value, { critical: true });
}

export function keyUsage(...uses: (keyof typeof KEY_USES)[]): Asn1 {
  const numbers: number[] = uses.map((use) => KEY_USES[use]);
  const mask = numbers.reduce((sum, number) => sum | (0x80 >> number), 0);
  // DER cuts the zero bits at the end off.
  return extension("2.5.29.15", bits(Uint8Array.of(mask), 7 - Math.max(...numbers)), {
    critical: true,
  });
}

export function extendedKeyUsage(purpose: keyof typeof PURPOSES): Asn1 {
  return extension("2.5.29.37", sequence(objectId(PURPOSES[purpose])), { critical: true });
}

/** The names under which a server is reached. */
export function subjectAlternativeNames(hosts: readonly Host[]): Asn1 {
  const names = hosts.map((host) =>
    host.kind === "name" ? tagged(2, Buffer.from(host.name, "ascii")) : tagged(7, host.address),
  );
  return extension("2.5.29.17", sequence(...names), { critical: false });
}

/** The one name of an installation: `urn:uuid:<id>` as a URI (RFC 9562, 4; RFC 5280, 4.2.1.6). */
export function installationName(installationId: string): Asn1 {
  const uri = tagged(6, Buffer.from(`urn:uuid:${installationId}`, "ascii"));
  return extension("2.5.29.17", sequence(uri), { critical: false });
}

/** SHA-1 of the public point (RFC 5280, 4.2.1.2, method 1): a name for the key, not a proof. */
export function keyId(key: KeyObject): Buffer {
  const spki = parseDer(key.export({ type: "spki", format: "der" }));
  const point = Buffer.from(child(spki, 1).value as string, "latin1").subarray(1);
  return createHash("sha1").update(point).digest();
}

export function subjectKeyId(key: KeyObject): Asn1 {
  return extension("2.5.29.14", octets(keyId(key)), { critical: false });
}

export function authorityKeyId(key: KeyObject): Asn1 {
  return extension("2.5.29.35", sequence(tagged(0, keyId(key))), { critical: false });
}
