/** The services of enrolment and consent on the wire. */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/enrolment/v1/enrolment.js";
import type {
  ConsentServiceServer,
  EnrolmentServiceServer,
} from "#proto/heatpool/enrolment/v1/enrolment_service.js";
import type { Consents } from "../enrolment/consents.js";
import type { Enrolment } from "../enrolment/enrolment.js";
import type { IdentityJudge, Principal } from "../enrolment/judge-identity.js";
import { demandOwnId, principalOf } from "./authentication.js";
import { guardUnary } from "./guard.js";
import { fromUuidBytes } from "./installation-id.js";
import type { ToStatus } from "./status.js";

/** Of the wire contract. */
const CSR_BYTES_MAX = 2_048;
const CONSENT_BYTES_MAX = 2_048;
const SIGNATURE_BYTES_MAX = 80;
const KEM_BYTES = 44;
const NONCE_BYTES = 32;
const CLAIM_CHARS_MAX = 256;
const NONCE_LIFETIME_SECONDS = 60;

export function createEnrolmentHandler(
  enrolment: Enrolment,
  clock: Pick<Clock, "nowMs">,
  toStatus: ToStatus,
): EnrolmentServiceServer {
  const now = () => BigInt(clock.nowMs());
  return {
    challenge: guardUnary<wire.ChallengeRequest, wire.ChallengeResponse>(toStatus, async () => ({
      nonce: enrolment.challenge(),
      lifetimeSeconds: NONCE_LIFETIME_SECONDS,
    })),
    enrol: guardUnary<wire.EnrolRequest, wire.EnrolResponse>(toStatus, async (request) => {
      const { claimToken } = request;
      if (claimToken.length > CLAIM_CHARS_MAX) throw tooLong("claim_token", claimToken.length);
      const { chain, recoveryCode } = await enrolment.enrol({
        ...toKeys(request),
        consent: toConsent(request),
        claimToken,
      });
      return { certificateChain: chain.map(toBuffer), recoveryCode, serverTimeMs: now() };
    }),
    renew: guardUnary<wire.RenewRequest, wire.RenewResponse>(toStatus, async (request) => {
      if (request.nonce.length !== NONCE_BYTES) throw tooLong("nonce", request.nonce.length);
      const { chain } = await enrolment.renew({
        ...toKeys(request),
        nonce: request.nonce,
        proof: atMost("proof", request.proof, SIGNATURE_BYTES_MAX),
      });
      return { certificateChain: chain.map(toBuffer), serverTimeMs: now() };
    }),
  };
}

/**
 * @param judge says whose call it is
 * @param onWithdrawn ends the streams of an installation
 */
export function createConsentHandler(
  consents: Consents,
  judge: IdentityJudge,
  toStatus: ToStatus,
  onWithdrawn: (installationId: string) => Promise<void>,
): ConsentServiceServer {
  return {
    recordConsent: guardUnary<wire.RecordConsentRequest, wire.RecordConsentResponse>(
      toStatus,
      async (request, call) => {
        await consents.record(demand(principalOf(call, judge)).installationId, toConsent(request));
        return {};
      },
    ),
    withdrawConsent: guardUnary<wire.WithdrawConsentRequest, wire.WithdrawConsentResponse>(
      toStatus,
      async ({ installationId, signature }, call) => {
        const id = fromUuidBytes("installation_id", installationId);
        demandOwnId(demand(principalOf(call, judge)), id);
        await consents.withdraw(id, atMost("signature", signature, SIGNATURE_BYTES_MAX));
        await onWithdrawn(id);
        return {};
      },
    ),
  };
}

function demand(principal: Principal | undefined): Principal {
  if (principal !== undefined) return principal;
  throw new HeatpoolError("UNAUTHENTICATED", "no certificate was shown");
}

function toKeys({ csrDer, kemSpki, kemSig }: wire.EnrolRequest | wire.RenewRequest) {
  if (kemSpki.length !== KEM_BYTES) throw tooLong("kem_spki", kemSpki.length);
  return {
    csr: atMost("csr_der", csrDer, CSR_BYTES_MAX),
    kemSpki,
    kemSignature: atMost("kem_sig", kemSig, SIGNATURE_BYTES_MAX),
  };
}

function toConsent({ consentRecord, consentSig }: wire.EnrolRequest | wire.RecordConsentRequest) {
  return {
    record: atMost("consent_record", consentRecord, CONSENT_BYTES_MAX),
    signature: atMost("consent_sig", consentSig, SIGNATURE_BYTES_MAX),
  };
}

function atMost(name: string, bytes: Uint8Array, max: number): Uint8Array {
  if (bytes.length > max) throw tooLong(name, bytes.length);
  return bytes;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}

function tooLong(name: string, length: number): HeatpoolError {
  return new HeatpoolError("INVALID_ARGUMENT", `${name} of ${length}`);
}
