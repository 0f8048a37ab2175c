/**
 * What a device or a gateway may send that is no measurement of a heat pump. At stake: an alarm about
 * the machine for what is wrong with its data, a model that learns it, or a daemon that falls over.
 */
import { cpSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { simulateHeatPump } from "../../../bench/heat-pump-simulator.js";
import { cutTable, type SimulatedTable } from "../../../bench/simulated/record.js";
import { COLUMNS, type Column } from "../../../bench/simulated/sensors.js";
import { createMemoryRows } from "../../../daemon/model/memory-rows.js";
import { temporaryFolder } from "../../support/folder.js";
import { openScorerBed } from "../../support/scorer-bed.js";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2024-11-01T00:00:00Z");
const LEARN_DAYS = 35;
const BAD_MS = START_MS + (LEARN_DAYS + 5) * DAY_MS;
const DAYS = LEARN_DAYS + 12;
const SEED = 71;
const RULES = { daysMin: LEARN_DAYS };
const learnt = temporaryFolder();
const rows = createMemoryRows();
const healthy = simulateHeatPump({ seed: SEED, startMs: START_MS, days: DAYS });

beforeAll(async () => {
  const bed = await openScorerBed(learnt, { rows, rules: RULES });
  await bed.feed(healthy, undefined, START_MS + (LEARN_DAYS + 1) * DAY_MS);
  await bed.stop();
  expect(bed.log.map(({ event }) => event)).toContain("model.learnt");
}, 300_000);

/** The days after learning as `table` has them. */
async function watch(table: SimulatedTable) {
  const folder = temporaryFolder();
  cpSync(learnt, folder, { recursive: true });
  const bed = await openScorerBed(folder, { rows, rules: RULES });
  await bed.feed(table, START_MS + (LEARN_DAYS + 1) * DAY_MS);
  const [device] = bed.scorer.devices();
  await bed.stop();
  const alarms = bed.scorer.alarms().filter(({ kind }) => kind !== "slow");
  return { device, alarms, log: bed.log };
}

/** From `BAD_MS` on `column` says what `say` makes of the truth. */
function spoilt(column: Column, say: (value: number, row: number) => number): SimulatedTable {
  const table = cutTable(healthy, [...healthy.timesMs.keys()]);
  for (let row = 0; row < table.length; row++)
    if ((table.timesMs[row] ?? 0) >= BAD_MS)
      table.columns[column][row] = say(table.columns[column][row] ?? Number.NaN, row);
  return table;
}

/** From `BAD_MS` on flow says what return is, and return what flow is. */
function swapped(): SimulatedTable {
  const table = spoilt("temp_flow", (_, row) => healthy.columns.temp_return[row] ?? Number.NaN);
  for (let row = 0; row < table.length; row++)
    if ((table.timesMs[row] ?? 0) >= BAD_MS)
      table.columns.temp_return[row] = healthy.columns.temp_flow[row] ?? Number.NaN;
  return table;
}

describe("a channel", () => {
  it("that stands still is told as its own, and by no part without it", async () => {
    const { alarms, device } = await watch(spoilt("temp_return", () => 27.3));
    expect(device?.findings).toContainEqual(
      expect.objectContaining({ kind: "stuck", channel: "return" }),
    );
    for (const { kind, parts } of alarms)
      expect(kind === "sensor" || parts.some(({ id }) => /return|cop|power/.test(id))).toBe(true);
    expect(alarms.some(({ kind }) => kind === "sensor")).toBe(true);
  }, 300_000);

  it("that is missing is missed, and rings no bell", async () => {
    const { alarms, device } = await watch(spoilt("pressure_low", () => Number.NaN));
    expect(alarms.map(({ title }) => title.en)).toEqual([]);
    expect(device?.score).toBeLessThan(1);
  }, 300_000);

  it("whose unit changes is told as a sensor, not as a machine", async () => {
    const { alarms } = await watch(spoilt("temp_flow", (value) => value * 1.8 + 32));
    expect(alarms.map(({ kind }) => kind)).toEqual(["sensor"]);
    expect(alarms[0]?.parts[0]?.id).toBe("sensor.flow");
    expect(alarms[0]?.text.de).toContain("liest sich wie Grad Fahrenheit");
  }, 300_000);

  it.each<[string, (value: number) => number]>([
    ["watts where kilowatts were", (value) => value * 1000],
    ["kilowatts where watts were", (value) => value / 1000],
    ["words swapped", (value) => (value === 0 ? 0 : -1.2e30)],
  ])(
    "of power with %s is told as a sensor, not as a machine",
    async (_, say) => {
      const { alarms, device } = await watch(spoilt("power_current", say));
      expect(alarms.map(({ kind }) => kind)).toEqual(["sensor"]);
      expect(alarms[0]?.parts[0]?.id).toBe("sensor.power");
      const [found] = device?.findings ?? [];
      expect(found).toMatchObject({ kind: "mapping", channel: "power" });
      expect(found?.text.de).toMatch(/^Leistungsaufnahme: ist /);
    },
    300_000,
  );

  it("that is swapped with another, flow with return, is told as a sensor of both", async () => {
    const { alarms } = await watch(swapped());
    const sensors = alarms.filter(({ kind }) => kind === "sensor");
    const names = sensors.flatMap(({ parts }) => parts.map(({ id }) => id)).sort();
    expect(names).toEqual(["sensor.flow", "sensor.return"]);
    expect(sensors[0]?.text.de).toContain("Vor- und Rücklauf wirken vertauscht");
  }, 300_000);

  it("of which thermal power is read as electric is told as a sensor: a COP of 1", async () => {
    const table = cutTable(healthy, [...healthy.timesMs.keys()]);
    table.columns.cop_current.fill(Number.NaN);
    for (let row = 0; row < table.length; row++)
      if (table.columns.mode[row] !== 0)
        table.columns.power_current[row] = table.columns.power_thermal[row] ?? Number.NaN;
    const bed = await openScorerBed(temporaryFolder(), { rules: RULES });
    await bed.feed(table);
    await bed.stop();
    const alarms = bed.scorer.alarms();
    expect(alarms.map(({ kind }) => kind)).toEqual(["sensor"]);
    expect(alarms[0]?.parts.map(({ id }) => id)).toEqual(["sensor.power", "sensor.cop"]);
    expect(alarms[0]?.text.de).toContain("Wärmeleistung als elektrische gelesen");
  }, 300_000);

  it("that spikes rings no bell", async () => {
    const { alarms } = await watch(
      spoilt("temp_flow", (value, row) => (row % 40 === 0 ? 94 : value)),
    );
    expect(alarms.filter(({ kind }) => kind === "machine")).toEqual([]);
  }, 300_000);

  it("that is no number is as if it were not there", async () => {
    const { alarms, device } = await watch(
      spoilt(
        "power_current",
        (value, row) => [Number.NaN, Infinity, -Infinity, value][row % 4] ?? value,
      ),
    );
    expect(alarms.map(({ title }) => title.en)).toEqual([]);
    expect(Number.isFinite(device?.score)).toBe(true);
  }, 300_000);
});

describe("a device", () => {
  it("that says nothing at all for a week rings no bell, and is watched on", async () => {
    const table = cutTable(healthy, [...healthy.timesMs.keys()]);
    for (const column of COLUMNS)
      for (let row = 0; row < table.length; row++)
        if ((table.timesMs[row] ?? 0) >= BAD_MS) table.columns[column][row] = Number.NaN;
    const { alarms, device } = await watch(table);
    expect(alarms).toEqual([]);
    expect(device?.model.source).toBe("local");
  }, 300_000);

  it("whose polls come in no order is watched by those that come in order", async () => {
    const order = [...healthy.timesMs.keys()];
    const from = order.findIndex((row) => (healthy.timesMs[row] ?? 0) >= BAD_MS);
    for (let at = from; at + 12 <= order.length; at += 12)
      order.splice(
        at,
        12,
        ...order.slice(at, at + 12).map((_, k, part) => part[(k * 5) % 12] ?? 0),
      );
    const { alarms, device } = await watch(cutTable(healthy, order));
    expect(alarms.map(({ title }) => title.en)).toEqual([]);
    expect(device?.pollsLate).toBeGreaterThan(100);
  }, 300_000);

  it("that does not heat for a month rings no bell", async () => {
    const endMs = BAD_MS + 30 * DAY_MS;
    const table = simulateHeatPump({
      ...{ seed: SEED, startMs: START_MS, days: LEARN_DAYS + 36 },
      happenings: [{ happening: "heat_wave", size: 25, startMs: BAD_MS, endMs }],
    });
    const heating = table.columns.mode.filter((mode, row) => {
      const atMs = table.timesMs[row] ?? 0;
      return mode === 1 && atMs > BAD_MS + 3 * DAY_MS && atMs < endMs - 3 * DAY_MS;
    });
    expect(heating).toHaveLength(0);
    const { alarms } = await watch(table);
    expect(alarms.map(({ title }) => title.en)).toEqual([]);
  }, 300_000);

  it("with three metrics only is never alarmed about, and says that it has no model", async () => {
    const table = cutTable(healthy, [...healthy.timesMs.keys()]);
    const kept: readonly Column[] = ["temp_outdoor", "temp_flow", "temp_return"];
    for (const column of COLUMNS.filter((one) => !kept.includes(one)))
      table.columns[column].fill(Number.NaN);
    const bed = await openScorerBed(temporaryFolder(), { rules: RULES });
    await bed.feed(table);
    const [device] = bed.scorer.devices();
    expect(device).toMatchObject({
      score: undefined,
      model: { source: "none", daysKept: DAYS - 1 },
    });
    await expect(bed.scorer.relearn("heatpump")).rejects.toThrow(/too little to learn from/);
    await bed.stop();
    expect(bed.scorer.alarms()).toEqual([]);
  }, 300_000);
});
