/**
 * When to call the backend again. A decision as data: how the last stream ended goes in, a delay
 * comes out. No number of failures ever gives up or deletes anything.
 */
import { backoffMs } from "#core/backoff.js";
import type { BatchNumber } from "../backlog/backlog.js";
import type { StreamEnd } from "./transport.js";

/** Why a stream is over. */
export type SessionEnd =
  /** We shut down. */
  | { readonly kind: "stopped" }
  /** Devices or epochs changed, so that a new hello is due. */
  | { readonly kind: "redeclare" }
  /** The backend announced its end. */
  | { readonly kind: "goodbye"; readonly reconnectAfterMs: number }
  /** The other side did not answer in time. */
  | { readonly kind: "silent"; readonly what: string }
  /** The other side broke the protocol, or cannot take what we have. */
  | { readonly kind: "unfit"; readonly what: string }
  /** Our own backlog failed. */
  | { readonly kind: "local"; readonly what: string }
  /** The stream broke or was refused. */
  | { readonly kind: "broken"; readonly end: StreamEnd };

/** What a stream came to. */
export interface SessionResult {
  readonly end: SessionEnd;
  readonly wasWelcomed: boolean;
  readonly wasAcked: boolean;
  readonly livedMs: number;
  /** What had no answer when it ended; left out: nothing. */
  readonly inFlight?: InFlightAtEnd | undefined;
}

/** Batches without an answer at the end of a stream. */
export interface InFlightAtEnd {
  readonly oldest: BatchNumber;
  readonly count: number;
  /** Of the largest block. */
  readonly largestBytes: number;
}

/** Whether a stream ended because a message was too large: a refusal for the rate says a time. */
export function isForSize({ end, inFlight }: SessionResult): boolean {
  if (end.kind !== "broken" || inFlight === undefined) return false;
  return end.end.status === "RESOURCE_EXHAUSTED" && end.end.retryAfterMs === undefined;
}

/** When to try again, and how many failures in a row that makes. */
export interface Retry {
  readonly delayMs: number;
  readonly failures: number;
  /** Whether the daemon waits for the machine's clock and should look as soon as it is right. */
  readonly awaitsClock: boolean;
}

/** Full jitter between these two; grows with each failure. */
export const BACKOFF = { baseMs: 2_000, capMs: 300_000 };
/** A stream that lived this long and acked something ends a row of failures. */
const GOOD_AFTER_MS = 60_000;
/** A refused identity is looked at again within this time. */
const REFUSED_MS = 15 * 60_000;
/** Missing consent or a version that does not fit changes only by somebody's doing. */
const HALTED_MS = 3_600_000;
const CLOCK_WAIT_MS = 60_000;
/** "As told", within reason. */
const TOLD_MIN_MS = 1_000;
const TOLD_MAX_MS = 3_600_000;
/** What a told pause gets on top, so that told ones do not return together. */
const TOLD_JITTER = 0.2;

/** Certificates are judged by a clock that may not be right yet. */
const TIME_OF_CERTIFICATE =
  /certificate (is not yet valid|has expired)|CERT_NOT_YET_VALID|CERT_HAS_EXPIRED/i;

/** How long a told wait is: clamped, with jitter on top. */
export function toldMs(ms: number, random: () => number): number {
  const told = Math.min(TOLD_MAX_MS, Math.max(TOLD_MIN_MS, ms));
  return Math.round(told * (1 + TOLD_JITTER * random()));
}

/** What is known beside the stream that ended. */
export interface RetryFacts {
  readonly failures: number;
  readonly reconnectSpreadMs: number;
  readonly clockSynced: boolean;
  /** The attempt that ended was the first since a stream that had been welcomed. */
  readonly isFirstSinceLoss?: boolean;
}

/** Decides on the next attempt. */
export function planRetry(result: SessionResult, facts: RetryFacts, random: () => number): Retry {
  const isGood = result.wasWelcomed && result.wasAcked && result.livedMs >= GOOD_AFTER_MS;
  const failures = isGood ? 0 : facts.failures;
  const failed = { failures: failures + 1, awaitsClock: false };
  const { end } = result;
  const backoff = backoffMs(failures, BACKOFF, random);
  switch (end.kind) {
    case "stopped":
      return { delayMs: 0, failures, awaitsClock: false };
    case "redeclare":
      // The first is due at once; a row of them is a mistake and must not become a flood, unless
      // each of them got something through.
      if (result.wasAcked) return { delayMs: 0, failures: 0, awaitsClock: false };
      return { ...failed, delayMs: failures === 0 ? 0 : backoff };
    case "goodbye":
      if (end.reconnectAfterMs > 0)
        return {
          delayMs: Math.min(end.reconnectAfterMs, TOLD_MAX_MS),
          failures,
          awaitsClock: false,
        };
      return { delayMs: random() * facts.reconnectSpreadMs, failures, awaitsClock: false };
    case "unfit":
      return { ...failed, delayMs: toldMs(HALTED_MS, random) };
    case "local":
      return { ...failed, delayMs: backoff };
    case "silent":
      return { ...failed, delayMs: lostMs(result, facts, backoff, random) };
    case "broken":
      return planAfterStatus(result, end.end, { ...facts, failed, backoff }, random);
  }
}

function planAfterStatus(
  result: SessionResult,
  end: StreamEnd,
  facts: RetryFacts & {
    failed: { failures: number; awaitsClock: boolean };
    backoff: number;
  },
  random: () => number,
): Retry {
  const { failed, backoff } = facts;
  if (TIME_OF_CERTIFICATE.test(end.details) && !facts.clockSynced)
    return { ...failed, delayMs: CLOCK_WAIT_MS, awaitsClock: true };
  switch (end.status) {
    case "RESOURCE_EXHAUSTED":
      return {
        ...failed,
        delayMs: end.retryAfterMs === undefined ? backoff : toldMs(end.retryAfterMs, random),
      };
    case "UNAUTHENTICATED":
    case "PERMISSION_DENIED":
      return { ...failed, delayMs: random() * REFUSED_MS };
    case "FAILED_PRECONDITION":
    case "UNIMPLEMENTED":
      return { ...failed, delayMs: toldMs(HALTED_MS, random) };
    default: {
      const spreadMs = lostMs(result, facts, backoff, random);
      if (end.retryAfterMs === undefined) return { ...failed, delayMs: spreadMs };
      // A whole fleet was told the same time: it comes back spread behind it.
      return { ...failed, delayMs: toldMs(end.retryAfterMs, random) + spreadMs };
    }
  }
}

/**
 * A loss hits the whole fleet at once: the first try is spread as the backend said. Those whose try
 * came too early are spread once more, or they would all come back within the shortest backoff.
 */
function lostMs(
  { wasWelcomed }: SessionResult,
  { reconnectSpreadMs, isFirstSinceLoss = false }: RetryFacts,
  backoff: number,
  random: () => number,
): number {
  const isSpread = wasWelcomed || isFirstSinceLoss;
  return isSpread ? Math.max(backoff, random() * reconnectSpreadMs) : backoff;
}
