/**
 * Answers in the words of the contract: `{"detail": …}` for every refusal.
 *
 * Our errors become status codes here and nowhere else. What is not an error of ours is a bug: its
 * text stays here, the client learns 500.
 */
import type { Context } from "hono";
import { type ErrorCode, HeatpoolError, retryDelayMs } from "#core/errors.js";

/** Where in a body something is wrong, what, and of which kind. */
export interface Fault {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

/** A refusal that is thrown to end a request. */
export class Refusal extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 422 | 429 | 500 | 503;
  readonly detail: string | readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: Refusal["status"],
    detail: Refusal["detail"],
    headers: Refusal["headers"] = {},
  ) {
    super(typeof detail === "string" ? detail : detail.map((one) => one.msg).join("; "));
    this.status = status;
    this.detail = detail;
    this.headers = headers;
  }
}

/** Faults that one answer lists; a broken client has the same one in every record. */
const FAULTS_MAX = 20;
const RETRY_DEFAULT_MS = 60_000;

/** Codes that a client may learn. */
const STATUS_OF: Partial<Record<ErrorCode, Refusal["status"]>> = {
  CONSENT_MISSING: 403,
  INVALID_ARGUMENT: 400,
  NOT_FOUND: 404,
  PERMISSION_DENIED: 403,
  RATE_LIMITED: 429,
  STORE_DAMAGED: 503,
  STORE_FAILED: 503,
  STORE_LOCKED: 503,
  UNAVAILABLE: 503,
};

/** @throws Refusal 422 with at most 20 of the faults */
export function refuseFaults(faults: readonly Fault[]): never {
  throw new Refusal(422, faults.slice(0, FAULTS_MAX));
}

/** @param report learns of every bug */
export function answerError(c: Context, error: unknown, report: (bug: unknown) => void): Response {
  const { status, detail, headers } = toRefusal(error, report);
  return c.json({ detail }, status, { ...headers });
}

function toRefusal(error: unknown, report: (bug: unknown) => void): Refusal {
  if (error instanceof Refusal) return error;
  const status = error instanceof HeatpoolError ? STATUS_OF[error.code] : undefined;
  if (!(error instanceof HeatpoolError) || status === undefined) {
    report(error);
    return new Refusal(500, "Internal error");
  }
  if (status === 429) return tooMany(retryDelayMs(error) ?? RETRY_DEFAULT_MS);
  if (status === 503) {
    const seconds = String(RETRY_DEFAULT_MS / 1000);
    return new Refusal(503, "Nothing was stored. Please try again later.", {
      "Retry-After": seconds,
    });
  }
  return new Refusal(status, error.message);
}

/** The contract's refusal for the rate. */
export function tooMany(waitMs: number): Refusal {
  return new Refusal(429, "Too many requests. Please try again later.", {
    "Retry-After": String(Math.max(1, Math.ceil(waitMs / 1000))),
  });
}
