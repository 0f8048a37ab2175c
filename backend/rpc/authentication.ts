/**
 * Who may call what on the public listener: one interceptor, before any handler and before any
 * message is read.
 *
 * A caller shows a claim token as `authorization: Bearer <token>`. The installation id comes from
 * the hello until connections carry an identity of their own; that identity belongs here.
 */
import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
} from "@grpc/grpc-js";
import { HeatpoolError } from "#core/errors.js";
import type { ToStatus } from "./status.js";

/** Judges claim tokens. */
export type IsKnownToken = (token: string) => boolean;

/** What anybody may call: how large the pool is, and whether the backend is well. */
const PUBLIC =
  /^\/(heatpool\.community\.v1\.CommunityService\/GetPoolStatus|grpc\.health\.v1\.Health\/(Check|List))$/;
/** The scheme is case-insensitive (RFC 9110, 11.1). */
const BEARER = /^bearer +([!-~]{1,256})$/i;

/** @param isKnownToken left out: no token is asked for */
export function createAuthentication(
  isKnownToken: IsKnownToken | undefined,
  toStatus: ToStatus,
): ServerInterceptor {
  return (method, call) => {
    if (isKnownToken === undefined || PUBLIC.test(method.path)) {
      return new ServerInterceptingCall(call);
    }
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const refusal = refuse(metadata, isKnownToken);
        if (refusal === undefined) next(metadata);
        else call.sendStatus(toStatus(refusal));
      })
      .build();
    const responder = new ResponderBuilder().withStart((next) => next(listener)).build();
    return new ServerInterceptingCall(call, responder);
  };
}

function refuse(metadata: Metadata, isKnownToken: IsKnownToken): HeatpoolError | undefined {
  const [header] = metadata.get("authorization");
  if (typeof header !== "string") {
    return new HeatpoolError("UNAUTHENTICATED", "no claim token: authorization is missing");
  }
  const token = BEARER.exec(header)?.[1];
  if (token !== undefined && isKnownToken(token)) return undefined;
  return new HeatpoolError("UNAUTHENTICATED", "the claim token is not known");
}
