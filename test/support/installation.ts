/** Keys of an installation, what it sends to enrol, and what it shows. */
import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { createSecureContext } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { writeCsr } from "#core/certificate/csr.js";
import { type ConsentRecord, encodeConsent } from "#core/enrolment/consent-record.js";
import { consentStatement, kemStatement, signStatement } from "#core/enrolment/statement.js";

/** A consent as a test's owner gives it. */
export const CONSENT: ConsentRecord = {
  text_id: "heatpool-data-sharing",
  version: 1,
  text_sha256: "777104204d44ef54428f6e0341c0688001daca6150312251f746103834b4fe44",
  locale: "en",
  time: "2026-11-21T12:00:00.000Z",
  daemon_version: "0.1.0",
  scopes: ["telemetry"],
};

/** Keys of one installation. */
export interface DeviceKeys {
  readonly installationId: string;
  readonly tls: KeyObject;
  readonly kemSpki: Buffer;
}

export function newDevice(installationId: string = randomUUID()): DeviceKeys {
  return {
    installationId,
    tls: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    kemSpki: generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "der" }),
  };
}

/** What a device sends to enrol. */
export function enrolRequest(device: DeviceKeys, claimToken = "", consent = CONSENT) {
  const record = encodeConsent(consent);
  return {
    csr: writeCsr(device.installationId, device.tls),
    kemSpki: device.kemSpki,
    kemSignature: signStatement(kemStatement(device.installationId, device.kemSpki), device.tls),
    consent: { record, signature: signStatement(consentStatement(record), device.tls) },
    claimToken,
  };
}

/** For a client that goes by address: Node warns of an address in the handshake (DEP0123). */
export const ASKED_BY_NAME = { "grpc.ssl_target_name_override": "localhost" };

/** A client's half of TLS. @param shown left out: no certificate */
export function clientCredentials(ca: Buffer, shown?: { certificate: string; key: KeyObject }) {
  const key = shown?.key.export({ type: "pkcs8", format: "pem" }).toString();
  return credentials.createFromSecureContext(
    createSecureContext({
      ca,
      minVersion: "TLSv1.3",
      ...(shown !== undefined && key !== undefined && { cert: shown.certificate, key }),
    }),
  );
}
