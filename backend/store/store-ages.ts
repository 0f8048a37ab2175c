/** How old a record beside the blocks is, by what it says about measured values. */
import type { ReportedLoss } from "../ingest/ingest.js";
import type { DeadLetter } from "./snapshot-store.js";

/** Whether a refused batch was measured before a time, as far as its daemon said when it was. */
export function isLetterBefore({ declared }: DeadLetter, timeMs: number): boolean {
  const fromMs = declared.slot * declared.stepMs;
  return fromMs > 0 && fromMs < timeMs;
}

/** Whether a loss is over since before a time; one of an unknown time is not. */
export function isLossBefore({ toMs }: ReportedLoss, timeMs: number): boolean {
  return toMs > 0 && toMs < timeMs;
}
