/** What became of the points of one poll → readings, as the registers of a Modbus device do. */
import type { Quality, Reading } from "#core/measurement/snapshot.js";
import type { Decoded } from "./decode.js";
import type { MqttPoint, MqttProfile } from "./mqtt-profile.js";
import { type Exact, toReadings, without } from "./readings.js";
import { passes } from "./value-test.js";

/**
 * A live value, or why there is none: `not-due` it was never heard while we listened, `read-error`
 * it has grown too old.
 */
export type PointOutcome =
  | Decoded
  | { readonly quality: Extract<Quality, "not-due" | "read-error">; readonly value: undefined };

/** All readings, from what became of each point (by point id). */
export function readingsOfPoints(
  profile: MqttProfile,
  outcomes: ReadonlyMap<string, PointOutcome>,
): readonly Reading[] {
  const heard = new Map<string, Exact>();
  for (const [id, outcome] of outcomes) {
    heard.set(id, "exact" in outcome ? outcome : without(outcome.quality));
  }
  const own = new Map<string, Exact>();
  const named = new Map<string, Exact>();
  for (const point of profile.points) {
    const outcome = heard.get(point.id);
    if (outcome === undefined || isOutdone(point, profile, outcomes)) continue;
    const isShut = outcome.value !== undefined && !isOpen(point, heard);
    const exact = isShut ? without("absent") : outcome;
    own.set(point.id, exact);
    if (point.metrics.length === 0) named.set(point.id, exact);
  }
  return toReadings(profile, own, named);
}

/** Whether it was never heard, and another candidate of its metric was: that one tells more. */
function isOutdone(
  { id, metrics }: MqttPoint,
  { candidates }: MqttProfile,
  outcomes: ReadonlyMap<string, PointOutcome>,
): boolean {
  const isHeard = (one: string) => outcomes.get(one)?.quality !== "not-due";
  if (isHeard(id)) return false;
  return metrics.some(({ metric }) => candidates.get(metric)?.some(isHeard) === true);
}

function isOpen(point: MqttPoint, heard: ReadonlyMap<string, Exact>): boolean {
  return point.gates.every(({ pointId, accepts }) => {
    const exact = heard.get(pointId)?.exact;
    return exact !== undefined && passes(accepts, exact);
  });
}
