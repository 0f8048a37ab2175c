/** Figures of a window, ranks and badges: none where too little was measured. */
import { describe, expect, it } from "vitest";
import { BADGES, earnBadges } from "../../../backend/aggregate/badges.js";
import { PRIVACY_DEFAULTS } from "../../../backend/aggregate/cohort-statistics.js";
import type { DaySummary } from "../../../backend/aggregate/day-summary.js";
import { measurePerformance, QUANTITIES } from "../../../backend/aggregate/performance.js";
import { rankIn, toGrid } from "../../../backend/aggregate/rank.js";

const LAST = 20_000;
const NONE = { heatKwh: undefined, electricKwh: undefined };

function day(back: number, more: Partial<DaySummary> = {}): DaySummary {
  return {
    day: LAST - back,
    deviceId: "heatpump",
    heatpumpModel: "m",
    coverage: 1,
    outdoorMean: 5,
    total: { heatKwh: 40, electricKwh: 10 },
    heating: { heatKwh: 36, electricKwh: 8 },
    hotWater: { heatKwh: 4, electricKwh: 2 },
    compressorHours: 12,
    compressorStarts: 6,
    counters: {},
    ...more,
  };
}

const days = (count: number, more?: (back: number) => Partial<DaySummary>) =>
  Array.from({ length: count }, (_, back) => day(back, more?.(back)));

describe("performance over a window", () => {
  it("is heat over electricity of all days together, by use and by outdoor temperature", () => {
    const cold = (back: number) =>
      back < 3 ? { outdoorMean: -9, total: { heatKwh: 60, electricKwh: 30 } } : {};
    const figures = measurePerformance(days(7, cold), "7d", LAST);
    expect(Object.fromEntries(figures)).toEqual({
      cop_total: (3 * 60 + 4 * 40) / (3 * 30 + 4 * 10),
      cop_heating: 4.5,
      cop_hot_water: 2,
      "cop_outdoor_below_-7": 2,
      cop_outdoor_2_to_7: 4,
      compressor_hours_per_day: 12,
      starts_per_hour: 0.5,
      electricity_per_day: (3 * 30 + 4 * 10) / 7,
    });
  });

  it("is not given where too many days are missing or hardly measured", () => {
    expect(measurePerformance(days(23), "30d", LAST).size).toBe(0);
    expect(measurePerformance(days(24), "30d", LAST).size).toBeGreaterThan(0);
    const thin = days(30, (back) => (back < 10 ? { coverage: 0.5 } : {}));
    expect(measurePerformance(thin, "30d", LAST).size).toBe(0);
  });

  it("has a seasonal factor over a whole year only", () => {
    expect(measurePerformance(days(340), "365d", LAST).has("spf")).toBe(false);
    expect(measurePerformance(days(355), "365d", LAST).get("spf")).toBe(4);
    expect(measurePerformance(days(30), "30d", LAST).has("spf")).toBe(false);
  });

  it("leaves out what cannot be", () => {
    const absurd = days(7, () => ({ total: { heatKwh: 400, electricKwh: 10 }, heating: NONE }));
    const figures = measurePerformance(absurd, "7d", LAST);
    expect(figures.has("cop_total")).toBe(false);
    expect(figures.has("cop_heating")).toBe(false);
    expect(figures.has("cop_hot_water")).toBe(true);
  });
});

describe("a rank", () => {
  const cop = QUANTITIES[0] as (typeof QUANTITIES)[number];
  const starts = QUANTITIES.find((one) => one.id === "starts_per_hour") as typeof cop;
  const values = (count: number) =>
    Float64Array.from({ length: count }, (_, k) => 2 + (2 * k) / (count - 1));

  it("needs a cohort that is large enough", () => {
    expect(toGrid("cop_total", values(14), PRIVACY_DEFAULTS)).toBeUndefined();
    expect(toGrid("cop_total", values(15), PRIVACY_DEFAULTS)?.installations).toBe(15);
  });

  it("comes in steps of five, and never says that somebody is the best or the worst", () => {
    const grid = toGrid("cop_total", values(101), PRIVACY_DEFAULTS);
    if (grid === undefined) throw new Error("no grid");
    const rank = (value: number) => rankIn(grid, value, cop, PRIVACY_DEFAULTS);
    expect(rank(3.55)).toBe(75);
    expect(rank(3)).toBe(45);
    expect([rank(0.6), rank(11)]).toEqual([5, 95]);
    const small = toGrid("cop_total", values(15), PRIVACY_DEFAULTS);
    if (small === undefined) throw new Error("no grid");
    expect(rankIn(small, 11, cop, PRIVACY_DEFAULTS)).toBe(65);
    expect(rankIn(small, 0.6, cop, PRIVACY_DEFAULTS)).toBe(35);
  });

  it("is high for few starts", () => {
    const grid = toGrid("starts_per_hour", values(101), PRIVACY_DEFAULTS);
    if (grid === undefined) throw new Error("no grid");
    expect(rankIn(grid, 2.01, starts, PRIVACY_DEFAULTS)).toBe(95);
    expect(rankIn(grid, 3.99, starts, PRIVACY_DEFAULTS)).toBe(5);
  });
});

describe("badges", () => {
  it("are earned by rank or by contributing, and have texts in both languages", () => {
    const ids = (rank: number | undefined, daysWithData: number) =>
      earnBadges(BADGES, { rank: () => rank, daysWithData }).map((one) => one.id);
    expect(ids(undefined, 29)).toEqual([]);
    expect(ids(undefined, 30)).toEqual(["contributor"]);
    expect(ids(75, 0)).toEqual(["efficient-month", "efficient-year", "steady-runner"]);
    expect(ids(70, 0)).toEqual([]);
    for (const { title, text } of BADGES) {
      expect(title.de).not.toBe(title.en);
      expect(text.de).not.toBe(text.en);
    }
  });

  it("name quantities that have a better end", () => {
    for (const { rule } of BADGES) {
      if (rule.kind !== "rank") continue;
      const found = QUANTITIES.find((one) => one.id === rule.quantity);
      expect(found?.better).toBeDefined();
    }
  });
});
