/**
 * Becoming an installation, staying one, and telling the backend what the owner agreed to. Each is
 * one question and one answer; trying again is the caller's business, and harmless.
 */
import { createPublicKey } from "node:crypto";
import { writeCsr } from "#core/certificate/csr.js";
import { type ConsentRecord, encodeConsent } from "#core/enrolment/consent-record.js";
import {
  consentStatement,
  kemStatement,
  renewStatement,
  signStatement,
  withdrawalStatement,
} from "#core/enrolment/statement.js";
import type { DeviceIdentity, DeviceKeys } from "./device-identity.js";

/** Key and consent as they are sent. */
interface Offer {
  readonly csr: Uint8Array;
  readonly kemSpki: Uint8Array;
  readonly kemSignature: Uint8Array;
}

/** The backend's services of enrolment and consent. */
export interface EnrolmentPort {
  challenge(): Promise<Uint8Array>;
  enrol(
    request: Offer & {
      readonly consentRecord: Uint8Array;
      readonly consentSignature: Uint8Array;
      readonly claimToken: string;
    },
  ): Promise<{ readonly chain: readonly Uint8Array[]; readonly recoveryCode: string }>;
  renew(
    request: Offer & { readonly nonce: Uint8Array; readonly proof: Uint8Array },
  ): Promise<{ readonly chain: readonly Uint8Array[] }>;
}

/** The same, where the connection shows a certificate. */
export interface ConsentPort {
  record(consentRecord: Uint8Array, signature: Uint8Array): Promise<void>;
  withdraw(installationId: string, signature: Uint8Array): Promise<void>;
}

/** Resolves with the recovery code, which nobody can say again. */
export async function enrolDevice(
  identity: DeviceIdentity,
  port: EnrolmentPort,
  { consent, claimToken }: { consent: ConsentRecord; claimToken: string },
): Promise<string> {
  const keys = identity.prepare();
  const record = encodeConsent(consent);
  const signature = signStatement(consentStatement(record), keys.tls);
  const { chain, recoveryCode } = await port.enrol({
    ...toOffer(identity, keys),
    consentRecord: record,
    consentSignature: signature,
    claimToken,
  });
  identity.adopt(keys, chain);
  identity.noteConsent(toProof(record, signature, keys));
  return recoveryCode;
}

/** A new key and a certificate for it, proven by the present key. */
export async function renewDevice(identity: DeviceIdentity, port: EnrolmentPort): Promise<void> {
  const { tls: old } = identity.keys();
  const keys = identity.prepare();
  const offer = toOffer(identity, keys);
  const nonce = await port.challenge();
  const statement = renewStatement(nonce, offer.csr, offer.kemSpki);
  const { chain } = await port.renew({ ...offer, nonce, proof: signStatement(statement, old) });
  identity.adopt(keys, chain);
}

/** Whether the backend has this consent. */
export function isRecorded(identity: DeviceIdentity, consent: ConsentRecord): boolean {
  return identity.record().recordedConsent === encodeConsent(consent).toString("base64");
}

export async function recordConsent(
  identity: DeviceIdentity,
  port: ConsentPort,
  consent: ConsentRecord,
): Promise<void> {
  const keys = identity.keys();
  const record = encodeConsent(consent);
  const signature = signStatement(consentStatement(record), keys.tls);
  await port.record(record, signature);
  identity.noteConsent(toProof(record, signature, keys));
}

/** Tells of a withdrawal; it carries the id and a signature alone. */
export async function tellWithdrawal(identity: DeviceIdentity, port: ConsentPort): Promise<void> {
  const { recordedConsent } = identity.record();
  if (recordedConsent === "") return;
  const { installationId } = identity;
  const statement = withdrawalStatement(installationId, Buffer.from(recordedConsent, "base64"));
  await port.withdraw(installationId, signStatement(statement, identity.keys().tls));
  identity.noteWithdrawal();
}

function toOffer({ installationId }: DeviceIdentity, { tls, kemSpki }: DeviceKeys): Offer {
  return {
    csr: writeCsr(installationId, tls),
    kemSpki,
    kemSignature: signStatement(kemStatement(installationId, kemSpki), tls),
  };
}

function toProof(record: Buffer, signature: Buffer, { tls }: DeviceKeys) {
  const spki = createPublicKey(tls).export({ type: "spki", format: "der" });
  return {
    record: record.toString("base64"),
    signature: signature.toString("base64"),
    spki: spki.toString("base64"),
  };
}
