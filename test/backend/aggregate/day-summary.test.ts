/** A day's sums are what efficiency, ranks and badges are made of: no reset or gap may look like skill. */
import { describe, expect, it } from "vitest";
import {
  createDaySummariser,
  DAY_MS,
  type DaySummary,
} from "../../../backend/aggregate/day-summary.js";

const DAY = 20_000;
const START_MS = DAY * DAY_MS;
const MINUTE_MS = 60_000;

type Values = Readonly<Record<string, number>>;

/** A row every `stepMin` minutes over the day. */
function rows(values: (minute: number) => Values | undefined, stepMin = 5) {
  const all = [];
  for (let minute = 0; minute < 1440; minute += stepMin) {
    const found = values(minute);
    if (found === undefined) continue;
    all.push({ atMs: START_MS + minute * MINUTE_MS, values: new Map(Object.entries(found)) });
  }
  return all;
}

function summarise(all: ReturnType<typeof rows>, before?: Pick<DaySummary, "counters">) {
  const facts = { day: DAY, deviceId: "heatpump", heatpumpModel: "m" };
  const summariser = createDaySummariser(facts, before);
  summariser.add(all);
  return summariser.finish();
}

describe("a day's sums", () => {
  it("come from counters, from the end of the day before to the end of this one", () => {
    const day = summarise(
      rows((minute) => ({
        energy_heat_total: 1000 + minute / 60,
        energy_electric_total: 250 + minute / 240,
        hours_compressor: 500 + minute / 120,
        starts_compressor: 90 + Math.floor(minute / 360),
        temp_outdoor: minute < 720 ? 0 : 10,
      })),
      {
        counters: {
          energy_heat_total: { atMs: START_MS - 10 * MINUTE_MS, value: 999 },
          energy_electric_total: { atMs: START_MS - 10 * MINUTE_MS, value: 249.5 },
        },
      },
    );
    expect(day?.total.heatKwh).toBeCloseTo(1 + 1435 / 60, 9);
    expect(day?.total.electricKwh).toBeCloseTo(0.5 + 1435 / 240, 9);
    expect(day?.compressorHours).toBeCloseTo(1435 / 120, 9);
    expect(day?.compressorStarts).toBe(3);
    expect(day?.outdoorMean).toBeCloseTo(5, 9);
    expect(day?.coverage).toBe(1);
    expect(day?.counters.energy_heat_total?.value).toBeCloseTo(1000 + 1435 / 60, 9);
  });

  it("do not take a reset or a leap of a counter for energy", () => {
    const day = summarise(
      rows((minute) => {
        const base = minute < 600 ? 5000 : 0;
        const leap = minute >= 900 ? 900_000 : 0;
        return { energy_heat_total: base + leap + minute / 60 };
      }),
    );
    // Two steps of five minutes are not believed: the reset and the leap.
    expect(day?.total.heatKwh).toBeCloseTo((1435 - 10) / 60, 6);
  });

  it("come from powers where there are no counters, split by the valve", () => {
    const day = summarise(
      rows((minute) => ({
        power_thermal: 4,
        power_current: minute < 120 ? 2 : 1,
        valve_hot_water: minute < 120 ? 1 : 0,
        compressor_frequency: minute % 240 < 180 ? 50 : 0,
      })),
    );
    expect(day?.hotWater.heatKwh).toBeCloseTo(8, 9);
    expect(day?.hotWater.electricKwh).toBeCloseTo(4, 9);
    expect(day?.heating.heatKwh).toBeCloseTo((4 * (1435 - 120)) / 60, 9);
    expect(day?.compressorStarts).toBe(5);
    expect(day?.compressorHours).toBeCloseTo(18, 1);
  });

  it("count nothing over a gap, nor where one of two powers is missing", () => {
    const day = summarise(
      rows((minute) => {
        if (minute > 60 && minute < 1380) return undefined;
        return minute <= 30 ? { power_thermal: 4, power_current: 1 } : { power_thermal: 4 };
      }),
    );
    expect(day?.total.electricKwh).toBeCloseTo(35 / 60, 9);
    expect(day?.total.heatKwh).toBeCloseTo((4 * 35) / 60, 9);
    expect(day?.coverage).toBeCloseTo(25 / 288, 9);
  });

  it("never mix heat of a counter with electricity of a power", () => {
    const day = summarise(rows((minute) => ({ energy_heat_total: minute / 10, power_current: 1 })));
    expect(day?.total).toEqual({ heatKwh: expect.any(Number), electricKwh: undefined });
  });

  it("are nothing where no row is of the day, and forget a counter of long ago", () => {
    expect(summarise([])).toBeUndefined();
    const day = summarise(
      rows(() => ({ energy_heat_total: 100 })),
      {
        counters: { energy_heat_total: { atMs: START_MS - 3 * DAY_MS, value: 40 } },
      },
    );
    expect(day?.total.heatKwh).toBe(0);
  });
});
