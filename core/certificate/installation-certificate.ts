/**
 * Reading the certificate that an installation shows: whose it is, which key, until when, and
 * which of our issuers signed it. Nothing here asks TLS whether it liked the certificate: a
 * resumed session says so without having looked.
 */
import { createHash, X509Certificate } from "node:crypto";
import { HeatpoolError } from "#core/errors.js";
import { INSTALLATION_ID } from "./csr.js";

/** What a certificate says. */
export interface ShownCertificate {
  /** Lower-case UUIDv4. */
  readonly installationId: string;
  /** SHA-256 of the public key's SPKI, hexadecimal. */
  readonly spkiSha256: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Hexadecimal, as OpenSSL writes it. */
  readonly serial: string;
}

/**
 * Reads a certificate that came as bytes. Bytes after it are refused, as a handshake does; by
 * itself the parser leaves them unread.
 *
 * @throws HeatpoolError `CERTIFICATE_INVALID`
 */
export function parseCertificate(der: Uint8Array): X509Certificate {
  const parsed = tryParse(der);
  if (parsed.raw.equals(der)) return parsed;
  throw new HeatpoolError("CERTIFICATE_INVALID", "there are bytes after the certificate");
}

function tryParse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new HeatpoolError("CERTIFICATE_INVALID", "no certificate", { cause });
  }
}

/** `undefined`: not one of ours, because common name and alternative name are not one id. */
export function readInstallationCertificate(shown: X509Certificate): ShownCertificate | undefined {
  const name = /^CN=([^\n]*)$/.exec(shown.subject)?.[1] ?? "";
  if (!INSTALLATION_ID.test(name)) return undefined;
  if (shown.subjectAltName !== `URI:urn:uuid:${name}`) return undefined;
  return {
    installationId: name,
    spkiSha256: hashSpki(shown.publicKey.export({ type: "spki", format: "der" })),
    notBeforeMs: Date.parse(shown.validFrom),
    notAfterMs: Date.parse(shown.validTo),
    serial: shown.serialNumber,
  };
}

/** SHA-256 of a key's SubjectPublicKeyInfo, hexadecimal: the name under which a key is known. */
export function hashSpki(spki: Uint8Array): string {
  return createHash("sha256").update(spki).digest("hex");
}

/** The one of `issuers` that signed it and is itself good at `nowMs`. */
export function issuerOf(
  shown: X509Certificate,
  issuers: readonly X509Certificate[],
  nowMs: number,
): X509Certificate | undefined {
  return issuers.find(
    (issuer) =>
      isGoodAt(issuer, nowMs) && shown.checkIssued(issuer) && shown.verify(issuer.publicKey),
  );
}

/** Whether a certificate has begun and not ended. */
export function isGoodAt({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return Date.parse(validFrom) <= nowMs && nowMs < Date.parse(validTo);
}
