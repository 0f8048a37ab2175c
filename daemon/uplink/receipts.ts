/**
 * What the backend says it decided, compared with what we sent. An ack without matching counts is
 * never taken for success: it is told, and the backlog enters the difference in its loss ledger.
 */
import type { Backlog, Receipt } from "../backlog/backlog.js";
import type { Log } from "../host/log.js";
import type { InFlight } from "./window.js";

/** Counts of one receipt. */
type Counts = Pick<Receipt, "admitted" | "duplicate" | "rejected">;

/** Hands receipts to the backlog, one after the other. */
export interface Receipts {
  /** An ack that newly decides `batches`. */
  take(epochId: string, ackedThrough: number, batches: readonly InFlight[], theirs: Counts): void;
  /** The welcome knows more than we do: an ack was lost, and its counts with it. */
  heal(epochId: string, ackedThrough: number): void;
  /** Resolves when the backlog has taken everything so far. */
  settled(): Promise<void>;
}

/** A receipt of which only the numbers are known; the backlog counts what it covers. */
const UNKNOWN_COUNTS: Counts = { admitted: 0, duplicate: 0, rejected: 0 };

export function createReceipts(deps: { backlog: Backlog; log: Log }): Receipts {
  const { backlog, log } = deps;
  let last: Promise<void> = Promise.resolve();
  /** Acks must not wait for the disk one by one: they queue, in order. */
  const hand = (receipt: Receipt): void => {
    last = last
      .then(() => backlog.acknowledge(receipt))
      .catch((fault: unknown) => log("warn", "uplink.ack-not-kept", { why: String(fault) }));
  };
  return {
    take(epochId, ackedThrough, batches, theirs) {
      const sent = batches.reduce((sum, { entry }) => sum + entry.sealed.rows, 0);
      const decided = theirs.admitted + theirs.duplicate + theirs.rejected;
      if (decided !== sent) log("error", "uplink.count-mismatch", { sent, decided });
      const { admitted, duplicate, rejected } = theirs;
      hand({ epochId, ackedThrough, admitted, duplicate, rejected });
    },
    heal(epochId, ackedThrough) {
      log("info", "uplink.ack-healed", { ackedThrough });
      hand({ epochId, ackedThrough, ...UNKNOWN_COUNTS });
    },
    settled: () => last,
  };
}
