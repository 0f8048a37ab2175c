/** The catalogue is what the fleet speaks: one id, one unit, one meaning, for ever. */
import { describe, expect, it } from "vitest";
import { findMetric, METRICS } from "#core/measurement/metrics.js";
import { isUnit } from "#core/measurement/units.js";

/** Ids that batches in the field already carry. */
const ESTABLISHED = [
  "temp_outdoor",
  "temp_flow",
  "temp_return",
  "temp_hot_water",
  "power_current",
  "power_compressor",
  "power_thermal",
  "cop_current",
  "pressure_high",
  "pressure_low",
  "fan_speed",
  "compressor_frequency",
  "compressor_state",
  "operating_mode",
  "fault",
];

describe("the metric catalogue", () => {
  it("keeps the established ids, first and in their order", () => {
    expect(METRICS.slice(0, ESTABLISHED.length).map((metric) => metric.id)).toEqual(ESTABLISHED);
  });

  it("uses each id once", () => {
    expect(new Set(METRICS.map((metric) => metric.id)).size).toBe(METRICS.length);
  });

  it.each(METRICS.map((metric) => [metric.id, metric] as const))(
    "%s has an id, a unit, bounds and labels that hold",
    (id, metric) => {
      expect(id).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
      expect(isUnit(metric.unit)).toBe(true);
      expect(metric.min).toBeLessThan(metric.max);
      expect(metric.label.de).not.toBe("");
      expect(metric.label.en).not.toBe("");
      const { multiplier, decimals } = metric.resolution;
      const steps = (Math.max(Math.abs(metric.min), metric.max) * 10 ** decimals) / multiplier;
      expect(steps).toBeLessThan(2 ** 31);
    },
  );

  it("says that power_current is electrical, in kW", () => {
    expect(findMetric("power_current")).toMatchObject({
      unit: "kW",
      label: { en: "Electrical power" },
    });
  });

  it("does not know what nobody defined", () => {
    expect(findMetric("temp_of_the_cat")).toBeUndefined();
  });
});
