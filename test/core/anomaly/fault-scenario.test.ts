/** Injected faults decide which models are published: they must say what the table says. */
import { describe, expect, it } from "vitest";
import {
  CELLS_PER_DAY,
  CHANNEL_COUNT,
  type ChannelId,
  channelIndex,
} from "#core/anomaly/channel.js";
import { endOf, injectFault } from "#core/anomaly/fault-scenario.js";
import { FAULTS } from "#core/anomaly/fault-table.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { madeUpCells } from "../../support/heat-pump-cells.js";

const grid = madeUpCells({ seed: 3, days: 40 });
const START = 10 * CELLS_PER_DAY;

function sick(fault: string, severity = 0.6) {
  const kind = FAULTS.find((one) => one.fault === fault);
  if (kind === undefined) throw new Error(`no fault ${fault}`);
  const scenario = { kind, severity, start: START };
  const after = injectFault(grid, scenario);
  const change = (cell: number, id: ChannelId) => {
    const at = cell * CHANNEL_COUNT + channelIndex(id);
    return (after.values[at] ?? 0) - (grid.values[at] ?? 0);
  };
  const cells = (mode: string, from = START) =>
    [...grid.modes.keys()].filter((cell) => cell >= from && MODES[grid.modes[cell] ?? 0] === mode);
  return { after, change, cells, end: endOf(scenario) };
}

describe("an injected fault", () => {
  it("is one of seventeen with names in both languages", () => {
    expect(FAULTS.map(({ fault }) => fault)).toHaveLength(17);
    expect(FAULTS.every(({ label }) => label.de !== "" && label.en !== "")).toBe(true);
  });

  it("adds the table at severity 0.6 and twice as much at 1.2, and ends", () => {
    const once = sick("sensor_flow_offset");
    const twice = sick("sensor_flow_offset", 1.2);
    const [cell = 0] = once.cells("heating");
    expect(once.change(cell, "flow")).toBeCloseTo(2.7, 9);
    expect(twice.change(cell, "flow")).toBeCloseTo(5.4, 9);
    expect(once.change(once.end, "flow")).toBe(0);
    expect(once.change(START - 1, "flow")).toBe(0);
  });

  it("of a sensor is there at standstill too, of the machine is not", () => {
    const [still = 0] = sick("sensor_flow_offset").cells("off");
    expect(sick("sensor_flow_offset").change(still, "flow")).toBeCloseTo(2.7, 9);
    expect(sick("low_flow").change(still, "return")).toBe(0);
    expect(sick("backup_heater_on").change(still, "power")).toBeCloseTo(3, 9);
  });

  it("that ramps is full after seven tenths of its days", () => {
    const drift = sick("sensor_plow_drift");
    expect(drift.change(START, "low")).toBe(0);
    expect(drift.change(START + 3.5 * CELLS_PER_DAY, "low")).toBeCloseTo(0.305, 3);
    expect(drift.change(START + 9 * CELLS_PER_DAY, "low")).toBeCloseTo(0.61, 9);
  });

  it("holds a stuck return at what it showed, and the device's COP follows", () => {
    const { after, cells } = sick("sensor_return_stuck");
    const held = grid.values[START * CHANNEL_COUNT + channelIndex("return")];
    const inside = cells("heating").filter((cell) => cell < START + 3 * CELLS_PER_DAY);
    for (const cell of inside) {
      const value = (id: ChannelId) => after.values[cell * CHANNEL_COUNT + channelIndex(id)];
      expect(value("return")).toBe(held);
      expect(value("cop")).toBeGreaterThanOrEqual(0);
    }
    expect(inside.length).toBeGreaterThan(100);
  });

  it("of short cycling turns half of heating into standstill", () => {
    const { after, cells, end } = sick("short_cycling");
    const inside = cells("heating").filter((cell) => cell < end);
    const stopped = inside.filter((cell) => MODES[after.modes[cell] ?? 0] === "off");
    expect(stopped.length / inside.length).toBeCloseTo(0.5, 1);
  });

  it("leaves the healthy grid as it was and invents no value", () => {
    const copy = grid.values.slice();
    for (const { fault } of FAULTS) {
      const { after } = sick(fault, 1);
      const isNew = after.values.some(
        (value, at) => !Number.isNaN(value) && Number.isNaN(copy[at]),
      );
      expect(isNew).toBe(false);
    }
    expect(grid.values).toEqual(copy);
  });

  it("of a sensor that stands still holds what was last read where its first cell is lost", () => {
    const kind = FAULTS.find(({ fault }) => fault === "sensor_return_stuck");
    if (kind === undefined) throw new Error("no such fault");
    const values = grid.values.slice();
    const place = (cell: number) => cell * CHANNEL_COUNT + channelIndex("return");
    values[place(START)] = Number.NaN;
    const after = injectFault({ ...grid, values }, { kind, severity: 1, start: START });
    expect(after.values[place(START + 50)]).toBe(grid.values[place(START - 1)]);
  });
});
