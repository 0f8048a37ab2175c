/**
 * How long an installation has been here, for statistics. Pure.
 *
 * Days count by what was measured, so that somebody who brings a history need not wait. That is for
 * newcomers for whom the operator's claim token vouches. Where anybody may enrol, a history costs a
 * forger nothing, so days count by receipt as well: time is what cannot be made up.
 */
import { countDays, dayOf } from "./day-bitmap.js";
import type { InstallationState } from "./registry.js";

/** Days that a registry remembers. */
const DAYS_REMEMBERED = 64;

/** @param isVouched whether only holders of claim tokens enrol */
export function daysOfProbation(
  { withData, received }: Pick<InstallationState, "withData" | "received">,
  nowMs: number,
  isVouched: boolean,
): number {
  const today = dayOf(nowMs);
  const measured = countDays(withData, today, DAYS_REMEMBERED);
  return isVouched ? measured : Math.min(measured, countDays(received, today, DAYS_REMEMBERED));
}
