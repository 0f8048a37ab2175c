/**
 * Batches that were sent and not yet decided. The window bounds what is lost time when a stream
 * dies, and what the backend must hold.
 */
import type { BacklogEntry } from "../backlog/backlog.js";
import type { UplinkLimits } from "./limits.js";

/** A batch on its way. */
export interface InFlight {
  /** Index into the hello's epochs. */
  readonly epoch: number;
  readonly entry: BacklogEntry;
  /** Of the block as it was sent. */
  readonly bytes: number;
  readonly sentAtMs: number;
}

/** The batches on their way, oldest first. */
export interface Window {
  readonly size: number;
  readonly oldest: InFlight | undefined;
  /** Bytes of the largest block on its way. */
  readonly largestBytes: number;
  has(epoch: number): boolean;
  /** Whether a batch of `bytes` fits; one always does, else nothing would ever move. */
  fits(bytes: number, limits: UplinkLimits): boolean;
  add(batch: InFlight): void;
  /** Takes out what the backend dropped. */
  drop(epoch: number): void;
  /** Takes out what an ack decides. */
  settle(epoch: number, ackedThrough: number): readonly InFlight[];
}

export function createWindow(): Window {
  let waiting: InFlight[] = [];
  const bytes = () => waiting.reduce((sum, { entry }) => sum + entry.sealed.block.length, 0);
  return {
    get size() {
      return waiting.length;
    },
    get oldest() {
      return waiting[0];
    },
    get largestBytes() {
      return Math.max(0, ...waiting.map((one) => one.bytes));
    },
    has: (epoch) => waiting.some((one) => one.epoch === epoch),
    fits: (more, limits) =>
      waiting.length === 0 ||
      (waiting.length < limits.windowBatches && bytes() + more <= limits.windowBytes),
    add(batch) {
      waiting.push(batch);
    },
    drop(epoch) {
      waiting = waiting.filter((one) => one.epoch !== epoch);
    },
    settle(epoch, ackedThrough) {
      const isDecided = (one: InFlight) =>
        one.epoch === epoch && one.entry.sequence <= ackedThrough;
      const decided = waiting.filter(isDecided);
      waiting = waiting.filter((one) => !isDecided(one));
      return decided;
    },
  };
}
