/**
 * The backend's services of enrolment and consent, asked over the network. A connection for one
 * piece of work, closed after it.
 */
import { type ServiceError, status } from "@grpc/grpc-js";
import type { HeatpoolError } from "#core/errors.js";
import { parseUuid } from "#core/uuid.js";
import type * as wire from "#proto/heatpool/enrolment/v1/enrolment.js";
import {
  ConsentServiceClient,
  EnrolmentServiceClient,
} from "#proto/heatpool/enrolment/v1/enrolment_service.js";
import type { ConsentPort, EnrolmentPort } from "../enrolment/enrolment.js";
import { type AskingLine, createAskingLine } from "./asking-line.js";
import {
  clientOptions,
  createCredentials,
  type Endpoint,
  joinLine,
  toUplinkError,
} from "./grpc-transport.js";

/** A machine that signs few certificates at once may take its time. */
const ANSWER_MAX_MS = 30_000;

/** What our own codes are called on the wire beside a status. */
const CODE_KEY = "heatpool-code";
const CODES = {
  [status.UNAUTHENTICATED]: "UNAUTHENTICATED",
  [status.PERMISSION_DENIED]: "PERMISSION_DENIED",
  [status.INVALID_ARGUMENT]: "INVALID_ARGUMENT",
  [status.RESOURCE_EXHAUSTED]: "RATE_LIMITED",
} as const;

/** @param endpoint the address for enrolment; it needs no certificate of ours */
export async function withEnrolment<T>(
  endpoint: Endpoint,
  work: (port: EnrolmentPort) => Promise<T>,
): Promise<T> {
  const client = new EnrolmentServiceClient(
    endpoint.address,
    createCredentials(endpoint),
    clientOptions(endpoint, false),
  );
  try {
    return await work({
      async challenge() {
        const answer = await ask<wire.ChallengeResponse>((done) => client.challenge({}, done));
        return answer.nonce;
      },
      async enrol({ csr, kemSpki, kemSignature, consentRecord, consentSignature, claimToken }) {
        const answer = await ask<wire.EnrolResponse>((done) =>
          client.enrol(
            {
              ...toKeys({ csr, kemSpki, kemSignature }),
              consentRecord: Buffer.from(consentRecord),
              consentSig: Buffer.from(consentSignature),
              claimToken,
            },
            done,
          ),
        );
        return { chain: answer.certificateChain, recoveryCode: answer.recoveryCode };
      },
      async renew({ csr, kemSpki, kemSignature, nonce, proof }) {
        const answer = await ask<wire.RenewResponse>((done) =>
          client.renew(
            {
              ...toKeys({ csr, kemSpki, kemSignature }),
              nonce: Buffer.from(nonce),
              proof: Buffer.from(proof),
            },
            done,
          ),
        );
        return { chain: answer.certificateChain };
      },
    });
  } finally {
    client.close();
  }
}

/** @param endpoint the main address, with the certificate to show */
export async function withConsents<T>(
  endpoint: Endpoint,
  work: (port: ConsentPort) => Promise<T>,
  line: AskingLine = createAskingLine(),
): Promise<T> {
  const { parts, close } = joinLine(line, endpoint);
  const client = new ConsentServiceClient(...parts);
  try {
    return await work({
      async record(consentRecord, signature) {
        const request = {
          consentRecord: Buffer.from(consentRecord),
          consentSig: Buffer.from(signature),
        };
        await ask<wire.RecordConsentResponse>((done) => client.recordConsent(request, done));
      },
      async withdraw(installationId, signature) {
        const request = {
          installationId: Buffer.from(parseUuid(installationId) ?? []),
          signature: Buffer.from(signature),
        };
        await ask<wire.WithdrawConsentResponse>((done) => client.withdrawConsent(request, done));
      },
    });
  } finally {
    close();
  }
}

function toKeys(of: { csr: Uint8Array; kemSpki: Uint8Array; kemSignature: Uint8Array }) {
  return {
    csrDer: Buffer.from(of.csr),
    kemSpki: Buffer.from(of.kemSpki),
    kemSig: Buffer.from(of.kemSignature),
  };
}

function ask<T>(call: (done: (error: ServiceError | null, answer: T) => void) => Cancellable) {
  return new Promise<T>((resolve, reject) => {
    const pending = call((error, answer) => {
      clearTimeout(late);
      if (error === null) resolve(answer);
      else reject(toError(error));
    });
    const late = setTimeout(() => pending.cancel(), ANSWER_MAX_MS);
  });
}

/** A call that can be given up. */
interface Cancellable {
  cancel(): void;
}

function toError(error: ServiceError): HeatpoolError {
  const isConsent = String(error.metadata.get(CODE_KEY)[0] ?? "") === "CONSENT_MISSING";
  const known = CODES[error.code as keyof typeof CODES];
  const code = isConsent ? "CONSENT_MISSING" : (known ?? "UNAVAILABLE");
  return toUplinkError(code, error);
}
