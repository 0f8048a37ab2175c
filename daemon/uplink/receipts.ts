/**
 * What the backend says it decided, compared with what we sent. An ack without matching counts is
 * never taken for success: the difference goes to the loss ledger, so that every snapshot stays
 * accounted for.
 */
import type { Clock } from "#core/clock.js";
import type { Backlog, Receipt } from "../backlog/backlog.js";
import type { Log } from "../host/log.js";
import type { InFlight } from "./window.js";

/** Counts of one receipt. */
export type Counts = Pick<Receipt, "admitted" | "duplicate" | "rejected">;

/** Batches read at a time while an ack that was lost is made up for. */
const HEAL_AT_A_TIME = 16;

/** Hands receipts to the backlog, one after the other. */
export interface Receipts {
  /** An ack that newly decides `batches`. */
  take(epochId: string, ackedThrough: number, batches: readonly InFlight[], theirs: Counts): void;
  /** The welcome knows more than we do: an ack was lost. */
  heal(epochId: string, from: number, ackedThrough: number): Promise<void>;
  /** Resolves when the backlog has taken everything so far. */
  settled(): Promise<void>;
}

export function createReceipts(deps: { backlog: Backlog; clock: Clock; log: Log }): Receipts {
  const { backlog, clock, log } = deps;
  let last: Promise<void> = Promise.resolve();
  /** Acks must not wait for the disk one by one: they queue, in order. */
  const hand = (receipt: Receipt): void => {
    last = last
      .then(() => backlog.acknowledge(receipt))
      .catch((fault: unknown) => log("warn", "uplink.ack-not-kept", { why: String(fault) }));
  };
  return {
    take(epochId, ackedThrough, batches, theirs) {
      const ours = batches.reduce((sum, { entry }) => sum + entry.sealed.rows, 0);
      const counts = cutToOurs(theirs, ours);
      const missing = ours - counts.admitted - counts.duplicate - counts.rejected;
      const sum = theirs.admitted + theirs.duplicate + theirs.rejected;
      if (sum !== ours) log("error", "uplink.count-mismatch", { sent: ours, decided: sum });
      if (missing > 0) {
        const at = clock.nowMs();
        const spans = batches.map(({ entry: { sealed } }) => sealed.slot * sealed.stepMs);
        backlog.recordLoss({
          class: "lost",
          reason: "dead-letter-dropped",
          deviceId: undefined,
          fromMs: Math.min(at, ...spans),
          toMs: at,
          snapshots: missing,
          readings: 0,
          batches: undefined,
        });
      }
      hand({ epochId, ackedThrough, ...counts });
    },
    async heal(epochId, from, ackedThrough) {
      let rows = 0;
      for (let after = from; after < ackedThrough; ) {
        const page = await backlog.after(epochId, after, HEAL_AT_A_TIME);
        const decided = page.filter(({ sequence }) => sequence <= ackedThrough);
        for (const entry of decided) rows += entry.sealed.rows;
        after = decided.length < HEAL_AT_A_TIME ? ackedThrough : (decided.at(-1)?.sequence ?? 0);
      }
      // How they were decided went with the lost ack; sent again they would count as duplicates.
      hand({ epochId, ackedThrough, admitted: 0, duplicate: rows, rejected: 0 });
      log("info", "uplink.ack-healed", { snapshots: rows });
    },
    settled: () => last,
  };
}

/** Their counts, cut so that they never exceed what we sent. */
function cutToOurs(theirs: Counts, ours: number): Counts {
  const admitted = Math.min(theirs.admitted, ours);
  const duplicate = Math.min(theirs.duplicate, ours - admitted);
  const rejected = Math.min(theirs.rejected, ours - admitted - duplicate);
  return { admitted, duplicate, rejected };
}
