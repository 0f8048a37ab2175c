/**
 * Taking installations in: first certificates and next ones.
 *
 * Nothing is given out that is not durable first. Who did not hear the answer may ask again: a first
 * certificate with the same key while it was never used, a next one with the same new key.
 */
import { X509Certificate } from "node:crypto";
import { type CertificateRequest, readCsr, readSpki } from "#core/certificate/csr.js";
import { hashSpki } from "#core/certificate/installation-certificate.js";
import type { Chance, Clock } from "#core/clock.js";
import {
  formatRecoveryCode,
  hmacRecoveryCode,
  RECOVERY_BYTES,
} from "#core/enrolment/recovery-code.js";
import { isSignedBy, kemStatement, renewStatement } from "#core/enrolment/statement.js";
import { isUsableX25519, kidOf } from "#core/envelope/key-agreement.js";
import { HeatpoolError } from "#core/errors.js";
import type { Identities, Identity } from "../registry/identity.js";
import { readConsent, type SignedConsent } from "./consents.js";
import type { Issuing } from "./issuing.js";
import type { Nonces } from "./nonces.js";

/** A key to seal models to, and who says so. */
interface OfferedKey {
  readonly kemSpki: Uint8Array;
  readonly kemSignature: Uint8Array;
}

/** Asks for a first certificate. */
export interface EnrolRequest extends OfferedKey {
  readonly csr: Uint8Array;
  readonly consent: SignedConsent;
  /** Empty: none. */
  readonly claimToken: string;
}

/** Asks for the next one. */
export interface RenewRequest extends OfferedKey {
  readonly csr: Uint8Array;
  readonly nonce: Uint8Array;
  readonly proof: Uint8Array;
}

/** Takes installations in. */
export interface Enrolment {
  challenge(): Buffer;
  /**
   * @throws HeatpoolError `CERTIFICATE_INVALID`, `INVALID_ARGUMENT` the request · `UNAUTHENTICATED`
   *   a signature or the claim token · `PERMISSION_DENIED` the id is known or erased
   */
  enrol(request: EnrolRequest): Promise<{ chain: readonly Uint8Array[]; recoveryCode: string }>;
  /**
   * @throws HeatpoolError as `enrol`; `PERMISSION_DENIED` revoked, or expired for too long
   */
  renew(request: RenewRequest): Promise<{ chain: readonly Uint8Array[] }>;
}

/** What enrolment works with. */
export interface EnrolmentDeps {
  readonly identities: Identities;
  readonly isErased: (installationId: string) => boolean;
  /** Left out: no claim token is asked for. Answers with its SHA-256, hexadecimal. */
  readonly findClaim: ((token: string) => string | undefined) | undefined;
  readonly nonces: Nonces;
  readonly issuing: Issuing;
  readonly clock: Pick<Clock, "nowMs">;
  readonly chance: Chance;
  /** Under which recovery codes are kept. */
  readonly recoveryKey: Uint8Array;
}

const DAY_MS = 86_400_000;
/** How long after its end a certificate may still be renewed. */
const RENEWABLE_MS = 400 * DAY_MS;

export function createEnrolment(deps: EnrolmentDeps): Enrolment {
  return {
    challenge: () => deps.nonces.issue(),
    async enrol(request) {
      const asked = readCsr(request.csr);
      checkKemKey(asked, request);
      const nowMs = deps.clock.nowMs();
      const consent = readConsent(request.consent, asked.spki, nowMs);
      const code = Buffer.from(deps.chance(RECOVERY_BYTES));
      const { chain, serial, notAfterMs } = issueFor(deps, asked);
      await deps.identities.update(asked.installationId, (present) => ({
        ...newIdentity(asked, request.kemSpki),
        claimSha256: judgeNewcomer(deps, asked, present, request.claimToken),
        serial,
        notAfterMs,
        enrolledAtMs: nowMs,
        renewedAtMs: nowMs,
        recoveryHmac: hmacRecoveryCode(deps.recoveryKey, asked.installationId, code),
        consents: [consent],
      }));
      return { chain, recoveryCode: formatRecoveryCode(code) };
    },
    async renew(request) {
      if (!deps.nonces.take(request.nonce)) throw refused("the nonce is not known any more");
      const asked = readCsr(request.csr);
      checkKemKey(asked, request);
      const { chain, serial, notAfterMs } = issueFor(deps, asked);
      await deps.identities.update(asked.installationId, (present) => ({
        ...rekey(judgeRenewal(deps, asked, present, request), asked, request.kemSpki),
        serial,
        notAfterMs,
        renewedAtMs: deps.clock.nowMs(),
      }));
      return { chain };
    },
  };
}

/** Whether this id may be taken. Resolves with the claim that it uses up. */
function judgeNewcomer(
  { isErased, findClaim, identities }: EnrolmentDeps,
  asked: CertificateRequest,
  present: Identity | undefined,
  token: string,
): string {
  if (isErased(asked.installationId)) throw taken();
  if (present !== undefined) {
    const isAskedAgain =
      present.spkiSha256 === hashSpki(asked.spki) &&
      present.firstUsedAtMs === 0 &&
      present.revokedAtMs === 0;
    if (!isAskedAgain) throw taken();
    return present.claimSha256;
  }
  if (findClaim === undefined) return "";
  const claim = findClaim(token);
  if (claim === undefined || identities.isClaimUsed(claim)) {
    throw refused("the claim token is not known, or was used before");
  }
  return claim;
}

function judgeRenewal(
  { clock, isErased }: EnrolmentDeps,
  asked: CertificateRequest,
  present: Identity | undefined,
  { csr, kemSpki, nonce, proof }: RenewRequest,
): Identity {
  if (present === undefined || isErased(asked.installationId)) {
    throw refused("the proof is not that of the installation's key");
  }
  const isHeardAgain = present.spkiSha256 === hashSpki(asked.spki);
  // An answer that got lost: the new key is ours already, and the old one is asked again.
  const oldSpki = isHeardAgain ? present.previousSpki : present.spki;
  const statement = renewStatement(nonce, csr, kemSpki);
  const isProven =
    oldSpki !== "" && isSignedBy(statement, readSpki(Buffer.from(oldSpki, "base64")), proof);
  if (!isProven) throw refused("the proof is not that of the installation's key");
  if (present.revokedAtMs > 0) {
    throw new HeatpoolError("PERMISSION_DENIED", "the certificate was taken back");
  }
  if (clock.nowMs() > present.notAfterMs + RENEWABLE_MS) {
    throw new HeatpoolError("PERMISSION_DENIED", "the certificate expired too long ago");
  }
  return present;
}

function newIdentity({ installationId, spki }: CertificateRequest, kemSpki: Uint8Array) {
  return {
    installationId,
    ...keysOf(spki, kemSpki),
    previousSpki: "",
    firstUsedAtMs: 0,
    revokedAtMs: 0,
    cloneSuspectedAtMs: 0,
  };
}

function rekey(present: Identity, { spki }: CertificateRequest, kemSpki: Uint8Array): Identity {
  const isHeardAgain = present.spkiSha256 === hashSpki(spki);
  return {
    ...present,
    ...keysOf(spki, kemSpki),
    previousSpki: isHeardAgain ? present.previousSpki : present.spki,
    firstUsedAtMs: isHeardAgain ? present.firstUsedAtMs : 0,
    cloneSuspectedAtMs: 0,
  };
}

function keysOf(spki: Uint8Array, kemSpki: Uint8Array) {
  return {
    spki: Buffer.from(spki).toString("base64"),
    spkiSha256: hashSpki(spki),
    kemSpki: Buffer.from(kemSpki).toString("base64"),
    kid: kidOf(kemSpki),
  };
}

function checkKemKey(asked: CertificateRequest, offered: OfferedKey): void {
  if (!isUsableX25519(offered.kemSpki)) {
    throw new HeatpoolError("INVALID_ARGUMENT", "kem_spki: no X25519 key, or one of low order");
  }
  const statement = kemStatement(asked.installationId, offered.kemSpki);
  if (isSignedBy(statement, asked.publicKey, offered.kemSignature)) return;
  throw refused("kem_sig is not that of the request's key");
}

function issueFor({ issuing, clock }: EnrolmentDeps, asked: CertificateRequest) {
  const chain = issuing.issue(asked, clock.nowMs());
  const [leaf = Buffer.alloc(0)] = chain;
  const { serialNumber: serial, validTo } = new X509Certificate(leaf);
  return { chain, serial, notAfterMs: Date.parse(validTo) };
}

function refused(why: string): HeatpoolError {
  return new HeatpoolError("UNAUTHENTICATED", why);
}

function taken(): HeatpoolError {
  return new HeatpoolError("PERMISSION_DENIED", "this installation id cannot be enrolled", {
    hint: "It is enrolled already, or its data were erased.",
  });
}
