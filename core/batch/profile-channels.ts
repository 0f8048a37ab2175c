/**
 * The channels of a heat pump: every catalogue metric that its profile can serve, in the order of
 * the catalogue, so that one profile has one table on every daemon. What the catalogue does not
 * know has no channel and never leaves the house.
 */
import type { Metric } from "#core/measurement/metric.js";
import { METRICS } from "#core/measurement/metrics.js";
import type { Profile } from "#core/profile/profile.js";
import {
  type Channel,
  type ChannelEncoding,
  type ChannelTable,
  createChannelTable,
} from "./channel-table.js";

const INT_MAX = 2 ** 31 - 1;
const UINT_MAX = 2 ** 32 - 1;

/** The table of what `profile` can share. */
export function planChannels(profile: Profile): ChannelTable {
  const derived = new Set(profile.derived.map(({ metric }) => metric));
  const served = METRICS.filter(({ id }) => profile.candidates.has(id) || derived.has(id));
  return createChannelTable(served.map(toChannel));
}

function toChannel(metric: Metric): Channel {
  const { multiplier, decimals } = metric.resolution;
  const { id, behaviour: kind } = metric;
  return { metric: id, encoding: encodingOf(metric), multiplier, decimals, kind };
}

/** The narrowest integers that hold the plausible range. */
function encodingOf({ min, max, resolution }: Metric): ChannelEncoding {
  const steps = (value: number) => (value * 10 ** resolution.decimals) / resolution.multiplier;
  if (steps(min) >= -INT_MAX && steps(max) <= INT_MAX) return "int";
  return min >= 0 && steps(max) <= UINT_MAX ? "uint" : "wide";
}
