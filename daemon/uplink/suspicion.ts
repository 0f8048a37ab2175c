/**
 * Which batch streams die of. One bad batch must not stop the others for ever, and a bad network
 * must not make a good batch look bad: a batch with which several streams died is sent alone, and
 * only when a stream dies of it alone it is taken back, which needs a backend that answers.
 */
import type { BatchNumber, DeadLetterReason } from "../backlog/backlog.js";
import type { InFlightAtEnd, SessionEnd } from "./retry.js";

/** How a batch is to be treated. */
export type Standing =
  | { readonly kind: "free" }
  /** Nothing else may be on its way. */
  | { readonly kind: "alone" }
  | { readonly kind: "condemned"; readonly reason: DeadLetterReason; readonly detail: string };

/** Memory of streams that died. */
export interface Suspicion {
  of(batch: BatchNumber): Standing;
  noteEnd(end: SessionEnd, inFlight: Pick<InFlightAtEnd, "oldest" | "count"> | undefined): void;
}

/** Streams that die with the same batch first in flight before it is sent alone. */
const DEATHS_BEFORE_ALONE = 3;
/** Statuses about the caller or the moment, not about a batch. */
const NOT_OF_A_BATCH = new Set([
  "OK",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "FAILED_PRECONDITION",
  "UNIMPLEMENTED",
]);
/** Codes of a backend that names another cause. */
const OTHER_CAUSES = new Set([
  "SUPERSEDED",
  "RATE_LIMITED",
  "BATCH_GAP",
  "UNAVAILABLE",
  "STORE_FAILED",
  "STORE_LOCKED",
  "STORE_DAMAGED",
]);

interface Suspect extends BatchNumber {
  deaths: number;
  standing: Standing;
}

const FREE: Standing = { kind: "free" };

export function createSuspicion(): Suspicion {
  let suspect: Suspect | undefined;
  const isSuspect = ({ epochId, sequence }: BatchNumber): boolean =>
    suspect?.epochId === epochId && suspect.sequence === sequence;
  return {
    of: (batch) => (suspect !== undefined && isSuspect(batch) ? suspect.standing : FREE),
    noteEnd(end, inFlight) {
      const cause = causeOf(end);
      if (cause === undefined || inFlight === undefined) return;
      const { oldest } = inFlight;
      if (suspect === undefined || !isSuspect(oldest)) {
        suspect = { ...oldest, deaths: 0, standing: FREE };
      }
      suspect.deaths++;
      const { reason, detail } = cause;
      const wasAlone = suspect.standing.kind === "alone" && inFlight.count === 1;
      // A backend that names the batch as the fault need not be asked three times.
      const isNamed = reason !== "poison";
      if (wasAlone) suspect.standing = { kind: "condemned", reason, detail };
      else if (isNamed || suspect.deaths >= DEATHS_BEFORE_ALONE) {
        suspect.standing = { kind: "alone" };
      }
    },
  };
}

/** What a batch in flight may have done; `undefined`: it has nothing to do with the end. */
function causeOf(end: SessionEnd): { reason: DeadLetterReason; detail: string } | undefined {
  if (end.kind === "silent") return { reason: "poison", detail: end.what };
  if (end.kind !== "broken") return undefined;
  const { status, code, details, retryAfterMs } = end.end;
  const detail = `${status}: ${details}`;
  if (NOT_OF_A_BATCH.has(status) || retryAfterMs !== undefined) return undefined;
  if (code !== undefined && OTHER_CAUSES.has(code)) return undefined;
  if (code === "BATCH_FORKED") return { reason: "forked", detail };
  if (status === "INVALID_ARGUMENT") return { reason: "refused", detail };
  return { reason: "poison", detail };
}
