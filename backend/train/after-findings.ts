/**
 * What a channel says within a day after it was found wrong is not learnt: a sensor that stood still
 * and a value from another unit rarely come right at once. That a channel was merely away says nothing
 * against what it said before and after.
 */
import { CELLS_PER_DAY, type ChannelId, channelIndex } from "#core/anomaly/channel.js";
import type { FeaturePlan } from "#core/anomaly/feature-plan.js";
import type { Finding, FindingKind } from "#core/anomaly/finding.js";
import type { RowFilter } from "#core/anomaly/statistics.js";

const AFTER_CELLS = CELLS_PER_DAY;
const WRONG: ReadonlySet<FindingKind> = new Set(["stuck", "mapping", "implausible"]);
/** What is derived is as wrong as what it comes from. */
const COMES_FROM: Readonly<Partial<Record<ChannelId, readonly ChannelId[]>>> = {
  to24: ["outdoor"],
  dayMean: ["outdoor"],
  dayLow: ["outdoor"],
  "high-low": ["high", "low"],
  kw: ["power"],
};

/** Keeps rows that no finding reaches. */
export function untouchedBy(findings: readonly Finding[], plan: FeaturePlan): RowFilter {
  const wrong = findings.filter(({ kind }) => WRONG.has(kind));
  const spans = plan.parts.map(({ target, context }) => {
    const channels = [target, ...context].flatMap((id) => [id, ...(COMES_FROM[id] ?? [])]);
    const places = new Set(channels.map(channelIndex));
    return wrong.filter(({ channel }) => places.has(channel));
  });
  return (part, _phi, _target, cell) =>
    spans[part]?.every(({ since, last }) => cell < since || cell > last + AFTER_CELLS) ?? true;
}
