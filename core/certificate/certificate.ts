/**
 * X.509 certificates of ours: ECDSA P-256, signed with SHA-256.
 *
 * Keys, serial numbers and times are arguments. The issuer's name is copied from its certificate
 * byte for byte; every extension is set here, nothing is taken from whoever asks. Certificates of
 * installations differ from those of servers in their extensions only.
 *
 * Source: RFC 5280.
 */
import { createPublicKey, type KeyObject, sign, X509Certificate } from "node:crypto";
import { HeatpoolError } from "#core/errors.js";
import {
  type Asn1,
  bits,
  child,
  encodeDer,
  integer,
  objectId,
  parseDer,
  sequence,
  set,
  tagged,
  time,
  utf8,
} from "./der.js";
import {
  authorityKeyId,
  basicConstraints,
  extendedKeyUsage,
  installationName,
  keyUsage,
  subjectAlternativeNames,
  subjectKeyId,
} from "./extension.js";
import { parseHost } from "./host.js";

/** From when to when a certificate is good, Unix milliseconds. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** An authority: its certificate in DER and its private key. */
export interface Authority {
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
}

/** What makes a certificate one of its kind. */
interface Content {
  /** DER of the issuer's name. */
  readonly issuer: Asn1;
  readonly subject: Asn1;
  readonly publicKey: KeyObject;
  readonly serial: Uint8Array;
  readonly validity: Validity;
  readonly extensions: Asn1[];
}

/** RFC 5280 allows 20 bytes; 16 random ones cannot be guessed and never meet. */
const SERIAL_BYTES = 16;
const COMMON_NAME_MAX = 64;
const SHA256_WITH_ECDSA = "1.2.840.10045.4.3.2";
const VERSION_3 = Uint8Array.of(2);

/**
 * The certificate of an authority of our own, signed by itself.
 *
 * @param request `serial` is 16 random bytes
 * @returns DER
 * @throws HeatpoolError `INVALID_ARGUMENT` a wrong key, name, serial or time
 */
export function issueAuthority(request: {
  readonly commonName: string;
  readonly privateKey: KeyObject;
  readonly serial: Uint8Array;
  readonly validity: Validity;
  /** How many authorities may stand below this one; left out: none. */
  readonly below?: number;
}): Buffer {
  const publicKey = createPublicKey(request.privateKey);
  const name = toName(request.commonName);
  const extensions = [
    basicConstraints(true, request.below),
    keyUsage("keyCertSign", "cRLSign"),
    subjectKeyId(publicKey),
    authorityKeyId(publicKey),
  ];
  const { serial, validity } = request;
  const content = { issuer: name, subject: name, publicKey, serial, validity, extensions };
  return issue(content, request.privateKey);
}

/**
 * The certificate of a server that is reached under `hosts`.
 *
 * @param request `serial` is 16 random bytes; `hosts` are DNS names and addresses, the first also
 *   becomes the common name
 * @returns DER
 * @throws HeatpoolError `INVALID_ARGUMENT` a wrong key, host, serial or time ·
 *   `CERTIFICATE_INVALID` the authority's certificate and key do not belong together
 */
export function issueServerCertificate(
  request: {
    readonly hosts: readonly string[];
    readonly publicKey: KeyObject;
    readonly serial: Uint8Array;
    readonly validity: Validity;
  },
  authority: Authority,
): Buffer {
  const { publicKey, serial, validity } = request;
  const issuerKey = createPublicKey(authority.privateKey);
  const extensions = [
    basicConstraints(false),
    keyUsage("digitalSignature"),
    extendedKeyUsage("serverAuth"),
    subjectAlternativeNames(request.hosts.map(parseHost)),
    subjectKeyId(publicKey),
    authorityKeyId(issuerKey),
  ];
  // The names that count are the alternative ones; a common name holds 64 characters at most.
  const subject = toName((request.hosts[0] ?? "").slice(0, COMMON_NAME_MAX));
  const issuer = subjectOf(authority.certificate);
  return issueBelow({ issuer, subject, publicKey, serial, validity, extensions }, authority);
}

/**
 * The certificate of an authority below another one: it signs certificates of installations.
 *
 * @param request `serial` is 16 random bytes
 * @returns DER
 * @throws HeatpoolError as `issueServerCertificate`
 */
export function issueIssuer(
  request: {
    readonly commonName: string;
    readonly publicKey: KeyObject;
    readonly serial: Uint8Array;
    readonly validity: Validity;
  },
  root: Authority,
): Buffer {
  const { publicKey, serial, validity } = request;
  const extensions = [
    basicConstraints(true),
    keyUsage("keyCertSign", "cRLSign"),
    subjectKeyId(publicKey),
    authorityKeyId(createPublicKey(root.privateKey)),
  ];
  const issuer = subjectOf(root.certificate);
  const subject = toName(request.commonName);
  return issueBelow({ issuer, subject, publicKey, serial, validity, extensions }, root);
}

/**
 * The certificate of an installation. Of the request only id and key are taken.
 *
 * @param request `serial` is 16 random bytes
 * @returns DER
 * @throws HeatpoolError as `issueServerCertificate`
 */
export function issueInstallationCertificate(
  request: {
    readonly installationId: string;
    readonly publicKey: KeyObject;
    readonly serial: Uint8Array;
    readonly validity: Validity;
  },
  issuing: Authority,
): Buffer {
  const { installationId, publicKey, serial, validity } = request;
  const extensions = [
    basicConstraints(false),
    keyUsage("digitalSignature"),
    extendedKeyUsage("clientAuth"),
    installationName(installationId),
    subjectKeyId(publicKey),
    authorityKeyId(createPublicKey(issuing.privateKey)),
  ];
  const issuer = subjectOf(issuing.certificate);
  const subject = toName(installationId);
  return issueBelow({ issuer, subject, publicKey, serial, validity, extensions }, issuing);
}

function issueBelow(content: Content, authority: Authority): Buffer {
  const certificate = issue(content, authority.privateKey);
  checkIssued(certificate, authority);
  return certificate;
}

function issue(content: Content, privateKey: KeyObject): Buffer {
  const algorithm = sequence(objectId(SHA256_WITH_ECDSA));
  const { notBeforeMs, notAfterMs } = content.validity;
  if (!(notBeforeMs < notAfterMs)) throw wrong("the certificate would end before it begins");
  const body = sequence(
    tagged(0, [integer(VERSION_3)]),
    integer(positive(content.serial)),
    algorithm,
    content.issuer,
    sequence(time(notBeforeMs), time(notAfterMs)),
    content.subject,
    parseDer(exportP256(content.publicKey)),
    tagged(3, [sequence(...content.extensions)]),
  );
  const signature = sign("sha256", encodeDer(body), privateKey);
  return encodeDer(sequence(body, algorithm, bits(signature)));
}

/** Sixteen bytes that are a positive number without leading zeros. */
function positive(serial: Uint8Array): Uint8Array {
  if (serial.length !== SERIAL_BYTES) throw wrong(`a serial has ${SERIAL_BYTES} bytes`);
  const bytes = Uint8Array.from(serial);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function exportP256(key: KeyObject): Buffer {
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw wrong("the key is not P-256");
  return key.export({ type: "spki", format: "der" });
}

function toName(commonName: string): Asn1 {
  if (commonName.length < 1 || commonName.length > COMMON_NAME_MAX) {
    throw wrong(`a common name has 1 to ${COMMON_NAME_MAX} characters`);
  }
  return sequence(set(sequence(objectId("2.5.4.3"), utf8(commonName))));
}

/** Certificate → body → subject, the sixth element of a version 3 body. */
function subjectOf(certificate: Uint8Array): Asn1 {
  return child(child(parseDer(certificate), 0), 5);
}

/** What OpenSSL would not accept never leaves this file. */
function checkIssued(certificate: Uint8Array, authority: Authority): void {
  const [issued, issuer] = [certificate, authority.certificate].map((one) => {
    return new X509Certificate(one);
  });
  const isGood =
    issued !== undefined &&
    issuer !== undefined &&
    issued.verify(issuer.publicKey) &&
    issued.checkIssued(issuer);
  if (!isGood) {
    throw new HeatpoolError("CERTIFICATE_INVALID", "the authority's key is not its certificate's");
  }
}

function wrong(message: string): HeatpoolError {
  return new HeatpoolError("INVALID_ARGUMENT", message);
}
