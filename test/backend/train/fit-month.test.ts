/** A month of one device: what is learnt of it, and why some are left out. */
import { beforeAll, describe, expect, it } from "vitest";
import { planFor } from "#core/anomaly/feature-plan.js";
import { mergeStatistics, ROWS } from "#core/anomaly/statistics.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { fitMonth, type MonthFit } from "../../../backend/train/fit-month.js";
import { DAY_MS } from "../../../backend/train/month.js";
import { decodeMonth, encodeMonth } from "../../../backend/train/month-record.js";
import { readBlocks } from "../../../backend/train/read-blocks.js";
import { simulateHeatPump } from "../../../bench/heat-pump-simulator.js";
import { cutTable, type SimulatedTable } from "../../../bench/simulated/record.js";
import { type Distortion, FLEET_TABLE, MODEL, sendTable } from "../../support/training-bed.js";

const ID = "00000000-0000-4000-8000-000000000001";
const WINTER_MS = Date.parse("2026-11-01T00:00:00Z");
const SUMMER_MS = Date.parse("2026-07-01T00:00:00Z");
const DAYS = 16;
const LONG_MS = 300_000;

let winter: SimulatedTable;
let summer: SimulatedTable;

beforeAll(() => {
  winter = simulateHeatPump({ seed: 5, startMs: WINTER_MS, days: DAYS });
  summer = simulateHeatPump({ seed: 5, startMs: SUMMER_MS, days: DAYS });
}, LONG_MS);

async function learnTable(
  table: SimulatedTable,
  more: { distort?: Distortion; channels?: MonthFit["channels"] } = {},
): Promise<MonthFit> {
  const store = createMemorySnapshotStore();
  const { distort, channels } = more;
  await sendTable(store, ID, table, distort === undefined ? {} : { distort });
  const fromDay = (table.timesMs[0] ?? 0) / DAY_MS;
  const period = { fromDay, toDay: fromDay + DAYS };
  const source = { installationId: ID, deviceId: "heatpump", heatpumpModel: MODEL, ...period };
  const read = await readBlocks(store, [FLEET_TABLE], source);
  if (read === undefined) throw new Error("nothing was sent");
  return fitMonth({ ...read, ...period, channels });
}

/** Each record names flow before return. */
function swapFlowAndReturn(): Distortion {
  let flow = Number.NaN;
  return (metric, value) => {
    if (metric === "temp_flow") {
      flow = value;
      return value - 6;
    }
    return metric === "temp_return" ? flow : value;
  };
}

const only =
  (...metrics: readonly string[]): Distortion =>
  (metric, value) =>
    metrics.includes(metric) ? value : undefined;

describe("a month that is learnt", () => {
  it("fills a plan with all that the device has", async () => {
    const { facts, channels, statistics } = await learnTable(winter);
    expect(facts.reasons).toEqual([]);
    expect(facts.days).toBe(DAYS);
    expect(facts.heatingRows).toBeGreaterThan(300);
    expect(channels).toContain("cop");
    expect(statistics.sums.every((part) => part.every(Number.isFinite))).toBe(true);
  });

  it("may have no heating; it adds to a month that has", async () => {
    const cold = await learnTable(winter);
    const warm = await learnTable(summer, { channels: cold.channels });
    expect(warm.facts.reasons).toEqual([]);
    expect(warm.facts.heatingRows).toBeLessThan(cold.facts.heatingRows / 4);
    const both = mergeStatistics(cold.statistics, warm.statistics);
    const rows = (fits: readonly MonthFit["statistics"][]) =>
      fits.map(({ sums }) => sums.reduce((sum, part) => sum + (part[ROWS] ?? 0), 0));
    const [a = 0, b = 0, c = 0] = rows([cold.statistics, warm.statistics, both]);
    expect(b).toBeGreaterThan(0);
    expect(c).toBe(a + b);
  });

  it("comes back from its record to the bit", async () => {
    const month = { ...(await learnTable(winter)), inputHash: "ab" };
    expect(decodeMonth(encodeMonth(month))).toEqual(month);
  });

  it("is made again when its record is damaged", async () => {
    const bytes = Buffer.from(encodeMonth({ ...(await learnTable(winter)), inputHash: "ab" }));
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    expect(decodeMonth(bytes)).toBeUndefined();
    expect(decodeMonth(new Uint8Array())).toBeUndefined();
  });
});

describe("a month with a channel that cannot be right is learnt without it", () => {
  it.each<[string, string, Distortion]>([
    ["watts", "power", (metric, value) => (metric === "power_current" ? value * 1000 : value)],
    ["words swapped", "low", (metric, value) => (metric === "pressure_low" ? -1e9 : value)],
    [
      "a COP of 1",
      "cop",
      (metric, value) => (metric === "cop_current" ? (Number.isNaN(value) ? value : 1) : value),
    ],
  ])("%s", async (_, channel, distort) => {
    const { facts, channels, statistics } = await learnTable(winter, { distort });
    const fault = facts.faults.find((one) => one.channel === channel);
    expect(fault?.kind).toBe("mapping");
    expect(channels.includes(channel as never) && facts.reasons.length === 0).toBe(false);
    expect(statistics.sums.every((part) => part.every(Number.isFinite))).toBe(true);
  });

  it("spikes and NaN leave no trace in the sums", async () => {
    let turn = 0;
    const bad = [Number.NaN, Number.POSITIVE_INFINITY, -3276.8, 3276.7];
    const rough: Distortion = (metric, value) => {
      if (metric !== "pressure_low" || ++turn % 40 !== 0) return value;
      const said = bad[(turn / 40) % bad.length] ?? value;
      return Number.isFinite(said) ? said : undefined;
    };
    const clean = await learnTable(winter);
    const { facts, statistics } = await learnTable(winter, { distort: rough });
    expect(facts.reasons).toEqual([]);
    for (const [index, part] of clean.statistics.sums.entries()) {
      const [size, rows] = [part.length, statistics.sums[index]?.[ROWS] ?? 0];
      expect(rows).toBeGreaterThan(0.9 * (part[ROWS] ?? 0));
      const most = Math.max(...part.map(Math.abs));
      for (let at = 0; at < size; at++)
        expect(Math.abs(statistics.sums[index]?.[at] ?? Number.NaN)).toBeLessThanOrEqual(
          1.001 * most,
        );
    }
  });

  it("says nothing for a day after its sensor stood still, nor while it did", async () => {
    const [from, to] = [5 * 288, 6 * 288];
    let row = -1;
    const standing: Distortion = (metric, value) => {
      if (metric === "temp_outdoor") row++;
      return metric === "pressure_low" && row >= from && row < to ? 4.5 : value;
    };
    const [clean, stood] = [
      await learnTable(winter),
      await learnTable(winter, { distort: standing }),
    ];
    const plan = planFor(new Set(clean.channels));
    const rowsBy = ({ statistics }: MonthFit, id: string) =>
      statistics.sums[plan.parts.findIndex((part) => part.id === id)]?.[ROWS] ?? Number.NaN;
    expect(stood.facts.faults).toContainEqual(
      expect.objectContaining({ kind: "stuck", channel: "low" }),
    );
    const lost = 1 - rowsBy(stood, "heating.low") / rowsBy(clean, "heating.low");
    // Two of sixteen days, but the hours before it was found.
    expect(lost).toBeGreaterThan(1.5 / DAYS);
    expect(lost).toBeLessThan(2.6 / DAYS);
    expect(rowsBy(stood, "heating.high")).toBe(rowsBy(clean, "heating.high"));
  });

  it("records that come in no order give the same sums to the bit", async () => {
    const order = [...winter.timesMs.keys()];
    const day = (row: number) => Math.floor((winter.timesMs[row] ?? 0) / DAY_MS);
    const days = [...new Set(order.map(day))];
    const store = createMemorySnapshotStore();
    const shuffled = days.map((one) => order.filter((row) => day(row) === one));
    for (const rows of [...shuffled].reverse()) await sendTable(store, ID, cutTable(winter, rows));
    const fromDay = days[0] ?? 0;
    const period = { fromDay, toDay: fromDay + DAYS };
    const source = { installationId: ID, deviceId: "heatpump", heatpumpModel: MODEL, ...period };
    const read = await readBlocks(store, [FLEET_TABLE], source);
    if (read === undefined) throw new Error("nothing was sent");
    const fit = fitMonth({ ...read, ...period, channels: undefined });
    expect(fit.statistics).toEqual((await learnTable(winter)).statistics);
  });
});

describe("a month that is left out says why", () => {
  it.each<[string, Distortion, string]>([
    ["three metrics", only("temp_outdoor", "temp_flow", "power_current"), "lacks return"],
    ["temperatures alone", only("temp_outdoor", "temp_flow", "temp_return"), "no steady rows"],
    [
      "an absent sensor",
      (metric, value) => (metric === "temp_flow" ? undefined : value),
      "lacks flow",
    ],
    [
      "a constant sensor",
      (metric, value) => (metric === "temp_return" ? 28 : value),
      "return stands at 28",
    ],
    ["flow and return swapped", swapFlowAndReturn(), "flow and return look swapped"],
    [
      "degrees Fahrenheit",
      (metric, value) => (/^temp_(flow|return)$/.test(metric) ? value * 1.8 + 32 : value),
      "another unit or channel",
    ],
    [
      "watts",
      (metric, value) =>
        metric === "power_current"
          ? value * 1000
          : metric === "compressor_frequency"
            ? undefined
            : value,
      "lacks power, frequency or rating",
    ],
  ])("%s", async (_, distort, why) => {
    const { facts, statistics } = await learnTable(winter, { distort });
    expect(facts.reasons.join("; ")).toContain(why);
    expect(statistics.sums.every((part) => part.every((one) => one === 0))).toBe(true);
  });
});
