/**
 * How much an alarm matters. What depends on the house may be the owner's doing, so it is only
 * information; a machine that departs strongly for an hour does not wait for the morning.
 */
import type { Severity } from "./alarm.js";
import { CELLS_PER_HOUR } from "./channel.js";
import type { FeaturePlan } from "./feature-plan.js";

/** What is known of one cell. */
export interface SeverityFacts {
  readonly cell: number;
  readonly score: number;
  /** Parts of the alarm, by place in the plan; none when a sensor's finding raised it. */
  readonly parts: readonly number[];
  /** Electric power over what was expected; NaN when unknown. */
  readonly powerRatio: number;
  /** The device itself reports a fault. */
  readonly hasDeviceFault: boolean;
}

/** Since when it has been severe; `undefined`: it is not. */
export interface SeverityState {
  readonly highSince: number | undefined;
  readonly powerSince: number | undefined;
}

const SCORE_CRITICAL = 2;
const POWER_CRITICAL = 1.5;

/** Nothing severe so far. */
export const NOT_SEVERE: SeverityState = { highSince: undefined, powerSince: undefined };

/** The severity in this cell. */
export function stepSeverity(
  plan: FeaturePlan,
  state: SeverityState,
  facts: SeverityFacts,
): { readonly state: SeverityState; readonly severity: Severity } {
  const since = (was: number | undefined, is: boolean) => (is ? (was ?? facts.cell) : undefined);
  const highSince = since(state.highSince, facts.score > SCORE_CRITICAL);
  const powerSince = since(state.powerSince, facts.powerRatio > POWER_CRITICAL);
  const lasts = (from: number | undefined) =>
    from !== undefined && facts.cell - from >= CELLS_PER_HOUR;
  const isCritical = facts.hasDeviceFault || lasts(highSince) || lasts(powerSince);
  const isHouse = facts.parts.every((index) => plan.parts[index]?.house !== false);
  const severity = isCritical ? "critical" : isHouse ? "info" : "warning";
  return { state: { highSince, powerSince }, severity };
}
