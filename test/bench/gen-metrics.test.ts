/** Synthetic houses must speak the catalogue's language, or benches measure something else. */
import { describe, expect, it } from "vitest";
import { findMetric } from "#core/measurement/metrics.js";
import { CHANNELS, generate } from "../../bench/gen.mjs";
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

  it("stay within the plausible, winter and summer", () => {
    for (const meanOutdoor of [-3, 18]) {
      const { columns } = generate({ seed: 105, days: 2, meanOutdoor });
      for (const [index, { name, decimals }] of CHANNELS.entries()) {
        const metric = findMetric(METRIC_OF_CHANNEL[name] ?? "");
        const values = Array.from(columns[index] ?? [], (steps) => steps / 10 ** decimals);
        const strange = values.find(
          (value) => metric === undefined || value < metric.min || value > metric.max,
        );
        expect(strange, name).toBeUndefined();
      }
    }
  });

  it("are different metrics", () => {
    expect(new Set(Object.values(METRIC_OF_CHANNEL)).size).toBe(CHANNELS.length);
  });
});
