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
import type { Profile, ProfileRegister, Resolution } from "#core/profile/profile.js";
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
  profile: Profile,
  parameters: Readonly<Record<string, readonly string[]>> = {},
): ChannelTable {
  const selected = new Map(
    selectRegisters(profile, { wanted: "shared", parameters, withGated: true }).map((register) => [
      register.id,
      register,
    ]),
  );
  const channels: Channel[] = [];
  for (const [id, registerIds] of profile.candidates) {
    const metric = findMetric(id);
    const registers = registerIds.flatMap((one) => selected.get(one) ?? []);
    if (metric !== undefined && registers.length > 0) channels.push(toChannel(metric, registers));
  }
  const planned = new Set(channels.map((one) => one.metric));
  for (const derived of profile.derived) {
    const metric = findMetric(derived.metric);
    const isServed = derived.operands.some((name) => planned.has(name) || selected.has(name));
    if (metric === undefined || planned.has(metric.id) || !isServed) continue;
    channels.push(toChannel(metric, [], derived.resolution));
    planned.add(metric.id);
  }
  return createChannelTable(channels);
}

function toChannel(
  metric: Metric,
  registers: readonly ProfileRegister[],
  derived?: Resolution,
): Channel {
  const resolutions = registers.map((one) => one.format.resolution);
  const common = resolutions.reduce(
    (left, right) => left && right && commonResolution(left, right),
    derived ?? resolutions[0],
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
