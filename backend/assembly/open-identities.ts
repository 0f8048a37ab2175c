/** Enrolment, consent and the judgement of certificates. */
import { openClaimTokens } from "../enrolment/claim-tokens.js";
import { createConsents } from "../enrolment/consents.js";
import { createEnrolment } from "../enrolment/enrolment.js";
import { createIdentityJudge } from "../enrolment/judge-identity.js";
import { createNonces } from "../enrolment/nonces.js";
import type { Identities } from "../registry/identity.js";
import { createIdentityDesk } from "../registry/identity-door.js";
import type { IdentityDoor } from "../rpc/door.js";
import { type BackendParts, reportFault } from "./parts.js";

/** Left out where nobody shows any. */
export function openIdentities(
  parts: BackendParts,
  identities: Identities,
  isErased: (installationId: string) => boolean,
): IdentityDoor | undefined {
  const { authority, clock, chance, places, config } = parts;
  if (authority === undefined) return undefined;
  const isClaimed = config.enrolment.claimTokens === "required";
  const claims = isClaimed ? openClaimTokens(places.claimTokensFile, clock) : undefined;
  const onFault = (fault: unknown): void => reportFault(parts, fault);
  const { issuing, recoveryKey } = authority;
  return {
    judge: createIdentityJudge({ identities, issuing, clock, isErased, onFault }),
    signReceipt: (statement) => issuing.sign(statement),
    consents: createConsents({ identities, clock }),
    enrolment: createEnrolment({
      identities,
      isErased,
      findClaim: claims === undefined ? undefined : (token) => claims.find(token),
      nonces: createNonces(chance, clock),
      issuing,
      clock,
      chance,
      recoveryKey,
    }),
    ...createIdentityDesk({ identities, recoveryKey, chance, nowMs: () => clock.nowMs() }),
  };
}
