/** Synthetic houses must speak the catalogue's language, or benches measure something else. */
import { describe, expect, it } from "vitest";
import { findMetric } from "#core/measurement/metrics.js";
import { CHANNELS } from "../../bench/gen.mjs";
import { METRIC_OF_CHANNEL } from "../../bench/gen-metrics.js";

describe("the channels of the generator", () => {
  it.each(CHANNELS.map((channel) => [channel.name, channel] as const))(
    "%s is a metric of the same kind and decimals",
    (name, channel) => {
      const metric = findMetric(METRIC_OF_CHANNEL[name] ?? "");
      expect(metric).toMatchObject({
        behaviour: channel.kind,
        resolution: { multiplier: 1, decimals: channel.decimals },
      });
    },
  );

  it("are different metrics", () => {
    expect(new Set(Object.values(METRIC_OF_CHANNEL)).size).toBe(CHANNELS.length);
  });
});
