/** Keys of authorities and servers: ECDSA on P-256. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";

export function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** PKCS#8 in PEM, as OpenSSL and every server read it. */
export function toKeyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
