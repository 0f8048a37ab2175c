/**
 * Installations that ran where hardly anybody else did. Nobody can contradict what they say, and
 * nobody can vouch for it.
 */
import type { FeaturePlan } from "#core/anomaly/feature-plan.js";
import type { Contribution } from "#core/anomaly/normal-model.js";
import type { Statistics } from "#core/anomaly/statistics.js";
import { placesOf } from "./places.js";

/** A place this many (robust) deviations from the middle is no climate and no house of the others. */
const PLACE_DEVIATIONS = 6;
/** Where homes hardly differ, e.g. in the speed for hot water: a deviation in spreads of a channel. */
const PLACE_SPREAD_MIN = 0.15;
/** Channels in which it must be alone. */
const CHANNELS_MIN = 2;

/** Who ran where hardly anybody else did, and in which channels. */
export function findStrangers(
  plan: FeaturePlan,
  contributions: readonly Contribution<Statistics>[],
): ReadonlyMap<string, readonly string[]> {
  const strange = contributions.map(() => new Set<string>());
  for (const { channel, values, middle, spread } of placesOf(plan, contributions))
    for (const [index, value] of values.entries()) {
      const away = Math.abs(value - middle);
      if (away > PLACE_DEVIATIONS * Math.max(spread, PLACE_SPREAD_MIN))
        strange[index]?.add(channel);
    }
  return new Map(
    contributions.flatMap(({ installationId }, index) => {
      const channels = [...(strange[index] ?? [])];
      return channels.length >= CHANNELS_MIN ? [[installationId, channels]] : [];
    }),
  );
}
