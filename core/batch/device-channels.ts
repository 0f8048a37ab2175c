/**
 * Channels of a device: one per metric that its installation shares, in a stable order.
 *
 * What hangs on the firmware or on other registers has its channel too: it may appear later. The
 * order is that of the profile, so equal installations have equal tables, and a table changes
 * only when the profile or the installation does.
 */
import type { Metric } from "#core/measurement/metric.js";
import { findMetric } from "#core/measurement/metrics.js";
import { commonResolution } from "#core/profile/decimal.js";
import { type AnyProfile, isMqttProfile } from "#core/profile/mqtt-profile.js";
import { planTopics } from "#core/profile/mqtt-topics.js";
import type { Resolution } from "#core/profile/profile.js";
import { selectRegisters } from "#core/profile/register-choice.js";
import {
  type Channel,
  type ChannelEncoding,
  type ChannelTable,
  createChannelTable,
} from "./channel-table.js";

/** Greatest magnitudes of one 32-bit lane. */
const INT_MAX = 2 ** 31 - 1;
const UINT_MAX = 2 ** 32 - 1;

/**
 * The channel table of an installation with these parameters.
 *
 * @throws HeatpoolError `CONFIG_INVALID` for a parameter or value that the profile does not know
 */
export function planChannels(
  profile: AnyProfile,
  parameters: Readonly<Record<string, readonly string[]>> = {},
): ChannelTable {
  const selected = resolutionsOf(profile, parameters);
  const channels: Channel[] = [];
  for (const [id, ids] of profile.candidates) {
    const metric = findMetric(id);
    const resolutions = ids.filter((one) => selected.has(one)).map((one) => selected.get(one));
    if (metric !== undefined && resolutions.length > 0) {
      channels.push(toChannel(metric, resolutions));
    }
  }
  const planned = new Set(channels.map((one) => one.metric));
  for (const derived of profile.derived) {
    const metric = findMetric(derived.metric);
    const isServed = derived.operands.some((name) => planned.has(name) || selected.has(name));
    if (metric === undefined || planned.has(metric.id) || !isServed) continue;
    channels.push(toChannel(metric, [derived.resolution]));
    planned.add(metric.id);
  }
  return createChannelTable(channels);
}

/** A table of these catalogue metrics in the catalogue's resolution; for values of other origin. */
export function planCatalogueChannels(metrics: readonly string[]): ChannelTable {
  const known = metrics.toSorted((a, b) => (a < b ? -1 : 1)).flatMap((id) => findMetric(id) ?? []);
  return createChannelTable(known.map((metric) => toChannel(metric, [metric.resolution])));
}

/** Ids of the registers or points of this installation, each with its resolution. */
function resolutionsOf(
  profile: AnyProfile,
  parameters: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<string, Resolution | undefined> {
  if (isMqttProfile(profile)) {
    planTopics(profile, parameters); // refuses what it does not know
    return new Map(profile.points.map((one) => [one.id, one.format.resolution]));
  }
  const choice = { wanted: "shared", parameters, withGated: true } as const;
  return new Map(selectRegisters(profile, choice).map((one) => [one.id, one.format.resolution]));
}

function toChannel(metric: Metric, resolutions: readonly (Resolution | undefined)[]): Channel {
  const common = resolutions.reduce(
    (left, right) => left && right && commonResolution(left, right),
  );
  const { multiplier, decimals } = common ?? { multiplier: 1, decimals: 0 };
  return {
    metric: metric.id,
    encoding: common === undefined ? "f32" : encodingOf(metric, common),
    multiplier,
    decimals,
    kind: metric.behaviour,
  };
}

/** The narrowest lanes that hold every plausible value of the metric. */
function encodingOf(metric: Metric, { multiplier, decimals }: Resolution): ChannelEncoding {
  const steps = (value: number) => Math.abs(value * 10 ** decimals) / multiplier;
  const most = Math.max(steps(metric.min), steps(metric.max));
  if (most <= INT_MAX) return "int";
  return metric.min >= 0 && most <= UINT_MAX ? "uint" : "wide";
}
