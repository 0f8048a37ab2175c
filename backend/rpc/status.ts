/**
 * Our errors as gRPC status and back: the only place that knows both.
 *
 * The exact code travels beside the status as metadata `heatpool-code`. What is not an error of
 * ours is a bug: its text stays here, the caller learns `INTERNAL`.
 */
import { Metadata, type ServiceError, type StatusObject, status } from "@grpc/grpc-js";
import { type ErrorCode, HeatpoolError, retryDelayMs } from "#core/errors.js";

/** Turns what a handler threw into what its caller learns. */
export type ToStatus = (error: unknown) => StatusObject;

/** Metadata with our own code, e.g. `BATCH_GAP`. */
const CODE_KEY = "heatpool-code";
/** Metadata with the least time until the next attempt, in milliseconds. */
const RETRY_KEY = "retry-after-ms";
/** Metadata with what the operator can do about it; bytes, for it may name heat pumps. */
const HINT_KEY = "heatpool-hint-bin";
/** HTTP/2 peers cap the size of all headers; texts from outside are cut here. */
const DETAILS_MAX = 512;

/** A store that refuses is given this time. */
const STORE_RETRY_MS = 60_000;
const STORE_CODES: ReadonlySet<ErrorCode> = new Set(["STORE_FAILED", "STORE_LOCKED"]);

/** Codes that may pass the door. */
const STATUS_OF: Partial<Record<ErrorCode, status>> = {
  BATCH_FORKED: status.ABORTED,
  BATCH_GAP: status.ABORTED,
  BATCH_MALFORMED: status.INVALID_ARGUMENT,
  BATCH_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  CERTIFICATE_INVALID: status.INVALID_ARGUMENT,
  CHAIN_LOST: status.ABORTED,
  CONSENT_MISSING: status.FAILED_PRECONDITION,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  PROTOCOL: status.FAILED_PRECONDITION,
  RATE_LIMITED: status.RESOURCE_EXHAUSTED,
  STATE_INVALID: status.FAILED_PRECONDITION,
  STORE_DAMAGED: status.UNAVAILABLE,
  STORE_FAILED: status.UNAVAILABLE,
  STORE_LOCKED: status.UNAVAILABLE,
  SUPERSEDED: status.ABORTED,
  TOO_SOON: status.FAILED_PRECONDITION,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  UNAVAILABLE: status.UNAVAILABLE,
};

/** What a status means to a client of ours where the server named no code. */
const CODE_OF: Partial<Record<status, ErrorCode>> = {
  [status.DEADLINE_EXCEEDED]: "UNAVAILABLE",
  [status.FAILED_PRECONDITION]: "PROTOCOL",
  [status.INVALID_ARGUMENT]: "INVALID_ARGUMENT",
  [status.NOT_FOUND]: "NOT_FOUND",
  [status.PERMISSION_DENIED]: "PERMISSION_DENIED",
  [status.RESOURCE_EXHAUSTED]: "RATE_LIMITED",
  [status.UNAUTHENTICATED]: "UNAUTHENTICATED",
  [status.UNAVAILABLE]: "UNAVAILABLE",
};

/** @param report learns of every bug, i.e. of what is no `HeatpoolError` */
export function createToStatus(report: (bug: unknown) => void): ToStatus {
  return (error) => {
    const code = error instanceof HeatpoolError ? STATUS_OF[error.code] : undefined;
    if (!(error instanceof HeatpoolError) || code === undefined) {
      report(error);
      return { code: status.INTERNAL, details: "internal error", metadata: new Metadata() };
    }
    const metadata = new Metadata();
    metadata.set(CODE_KEY, error.code);
    const retryAfterMs =
      code === status.UNAVAILABLE && STORE_CODES.has(error.code)
        ? STORE_RETRY_MS
        : retryDelayMs(error);
    if (retryAfterMs !== undefined) metadata.set(RETRY_KEY, String(Math.ceil(retryAfterMs)));
    return { code, details: error.message.slice(0, DETAILS_MAX), metadata };
  };
}

/** For the operator's door alone: hints tell of the inside. */
export function withHints(toStatus: ToStatus): ToStatus {
  return (error) => {
    const told = toStatus(error);
    const hint = error instanceof HeatpoolError ? error.hint : undefined;
    if (hint === undefined || told.code === status.INTERNAL) return told;
    told.metadata.set(HINT_KEY, Buffer.from(hint.slice(0, DETAILS_MAX)));
    return told;
  };
}

/** Whether one of our servers said so, and not the way to it. */
export function isAnswered(error: ServiceError): boolean {
  return error.metadata.get(CODE_KEY).length > 0;
}

/** A failed call of our own clients as an error of ours. */
export function fromStatus(error: ServiceError): HeatpoolError {
  const [named] = error.metadata.get(CODE_KEY);
  const code = Object.keys(STATUS_OF).find((one) => one === named) as ErrorCode | undefined;
  const [hint] = error.metadata.get(HINT_KEY);
  return new HeatpoolError(code ?? CODE_OF[error.code] ?? "PROTOCOL", error.details, {
    cause: error,
    ...(hint !== undefined && { hint: hint.toString() }),
  });
}
