/**
 * Who may call what on the main listener: one interceptor, before any handler and before any
 * message is read.
 *
 * A caller is who its certificate says, on every call anew. For trials on one machine a claim token
 * may stand instead, as `authorization: Bearer <token>`; then the installation id comes from the
 * messages.
 */
import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
} from "@grpc/grpc-js";
import { HeatpoolError } from "#core/errors.js";
import { PrivacyServiceService } from "#proto/heatpool/privacy/v1/privacy_service.js";
import type { IdentityJudge, Principal } from "../enrolment/judge-identity.js";
import { asItIs, certificateOf, type InterceptedCall } from "./session.js";
import type { ToStatus } from "./status.js";

/** Judges claim tokens. */
export type IsKnownToken = (token: string) => boolean;

/** What anybody may call with a token's listener: how large the pool is, whether all is well. */
const PUBLIC =
  /^\/(heatpool\.community\.v1\.CommunityService\/GetPoolStatus|grpc\.health\.v1\.Health\/(Check|List))$/;
/** The scheme is case-insensitive (RFC 9110, 11.1). */
const BEARER = /^bearer +([!-~]{1,256})$/i;

/** Lets in whose certificate counts. */
export function createCertificateCheck(
  judge: IdentityJudge,
  toStatus: ToStatus,
): ServerInterceptor {
  return (method, call) => {
    try {
      const shown = certificateOf(call);
      const isLeaving = method.path === PrivacyServiceService.erase.path;
      judge.noteUse(isLeaving ? judge.judgeLeaving(shown) : judge.judge(shown));
      return asItIs(call);
    } catch (refusal) {
      return refusing(call, toStatus, () => {
        throw refusal;
      });
    }
  };
}

/** @param isKnownToken left out: no token is asked for */
export function createTokenCheck(
  isKnownToken: IsKnownToken | undefined,
  toStatus: ToStatus,
): ServerInterceptor {
  return (method, call) => {
    if (isKnownToken === undefined || PUBLIC.test(method.path)) return asItIs(call);
    return refusing(call, toStatus, (metadata) => checkToken(metadata, isKnownToken));
  };
}

/** Whose call it is; `undefined`: nobody is asked for a certificate here. */
export function principalOf(call: object, judge: IdentityJudge | undefined): Principal | undefined {
  return judge?.judge(certificateOf(call));
}

/** @throws HeatpoolError `PERMISSION_DENIED` a message names another installation than its connection */
export function demandOwnId(principal: Principal | undefined, installationId: string): void {
  if (principal === undefined || principal.installationId === installationId) return;
  throw new HeatpoolError("PERMISSION_DENIED", "the message names another installation");
}

/** A call that `check` throws for ends there, before any message. */
export function refusing(
  call: InterceptedCall,
  toStatus: ToStatus,
  check: (metadata: Metadata) => void,
): ServerInterceptingCall {
  const listener = new ServerListenerBuilder()
    .withOnReceiveMetadata((metadata, next) => {
      try {
        check(metadata);
      } catch (refusal) {
        call.sendStatus(toStatus(refusal));
        return;
      }
      next(metadata);
    })
    .build();
  const responder = new ResponderBuilder().withStart((next) => next(listener)).build();
  return new ServerInterceptingCall(call, responder);
}

function checkToken(metadata: Metadata, isKnownToken: IsKnownToken): void {
  const [header] = metadata.get("authorization");
  if (typeof header !== "string") {
    throw new HeatpoolError("UNAUTHENTICATED", "no claim token: authorization is missing");
  }
  const token = BEARER.exec(header)?.[1];
  if (token !== undefined && isKnownToken(token)) return;
  throw new HeatpoolError("UNAUTHENTICATED", "the claim token is not known");
}
