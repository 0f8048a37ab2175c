/**
 * The metrics that the community is told about: gauges that mean the same in every house. Their
 * order is the order in rollups; a change of the list makes rollups be built anew from the blocks.
 */

/** Ids in the metric catalogue. */
export const COMMUNITY_METRICS: readonly string[] = [
  "temp_outdoor",
  "temp_flow",
  "temp_return",
  "temp_hot_water",
  "power_current",
  "power_thermal",
  "cop_current",
  "pressure_high",
  "pressure_low",
  "compressor_frequency",
];
