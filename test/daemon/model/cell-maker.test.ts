/** Cells from polls: at stake is a device that falls silent because a clock was wrong once. */
import { describe, expect, it } from "vitest";
import { channelIndex } from "#core/anomaly/channel.js";
import type { MachineReadings } from "#core/anomaly/machine-readings.js";
import { MODES, type Mode } from "#core/anomaly/operating-row.js";
import {
  createCellMaker,
  type FinishedCell,
  type Taken,
} from "../../../daemon/model/cell-maker.js";

const CELL_MS = 300_000;
const START_MS = Date.parse("2026-03-29T00:00:00Z");
const FLOW = channelIndex("flow");

function poll(atMs: number, flow: number, mode?: Mode): MachineReadings {
  return { atMs, values: new Map([[FLOW, flow]]), mode, hasFault: false, outside: [] };
}

function isCell(taken: Taken): taken is FinishedCell {
  return typeof taken === "object";
}

describe("cells", () => {
  it("hold the mean of their polls, and end with the first poll of a later one", () => {
    const maker = createCellMaker();
    expect(maker.add(poll(START_MS, 30, "heating"))).toBe("kept");
    expect(maker.add(poll(START_MS + 60_000, 32, "heating"))).toBe("kept");
    const cell = maker.add(poll(START_MS + CELL_MS, 40, "heating"));
    expect(isCell(cell) && [cell.cell * CELL_MS, cell.values[FLOW], cell.mode]).toEqual([
      START_MS,
      31,
      MODES.indexOf("heating"),
    ]);
  });

  it("whose polls disagree about the mode are of no known mode", () => {
    const maker = createCellMaker();
    maker.add(poll(START_MS, 30, "heating"));
    maker.add(poll(START_MS + 60_000, 30, "hot_water"));
    const cell = maker.add(poll(START_MS + CELL_MS, 30, "heating"));
    expect(isCell(cell) && MODES[cell.mode]).toBe("unknown");
  });

  it("that were freed of ice for a minute are of a defrost: it is shorter than two of them", () => {
    const maker = createCellMaker();
    for (const [minute, mode] of (["heating", "defrost", "heating"] as const).entries())
      maker.add(poll(START_MS + minute * 60_000, 30, mode));
    const cell = maker.add(poll(START_MS + CELL_MS, 30, "heating"));
    expect(isCell(cell) && MODES[cell.mode]).toBe("defrost");
  });

  it("do not notice summer time: between two polls lie five minutes, whatever the wall says", () => {
    const maker = createCellMaker();
    const cells: number[] = [];
    for (let minute = 0; minute < 240; minute++) {
      const taken = maker.add(poll(START_MS + minute * 60_000, 30, "off"));
      if (isCell(taken)) cells.push(taken.cell);
    }
    expect(cells).toEqual(Array.from({ length: 47 }, (_, at) => START_MS / CELL_MS + at));
  });

  it("drop what is not a measurement", () => {
    const maker = createCellMaker();
    maker.add(poll(START_MS, -3276.8, "off"));
    const cell = maker.add(poll(START_MS + CELL_MS, 30, "off"));
    expect(isCell(cell) && cell.values[FLOW]).toBeNaN();
  });

  it("a poll from before is dropped; a clock that stays back is followed after a quarter of an hour", () => {
    const maker = createCellMaker();
    maker.add(poll(START_MS + 900 * 86_400_000, 30, "off"));
    const taken = Array.from({ length: 16 }, (_, at) =>
      maker.add(poll(START_MS + at * 60_000, 30, "off")),
    );
    expect(taken.slice(0, 15)).toEqual(Array.from({ length: 15 }, () => "late"));
    expect(taken[15]).toBe("jumped-back");
    expect(maker.add(poll(START_MS + 16 * 60_000, 30, "off"))).toBe("kept");
  });

  it("go on from what was remembered", () => {
    const maker = createCellMaker();
    maker.add(poll(START_MS, 30, "heating"));
    const again = createCellMaker(structuredClone(maker.memory()));
    const cell = again.add(poll(START_MS + CELL_MS, 40, "heating"));
    expect(isCell(cell) && cell.values[FLOW]).toBe(30);
  });
});
