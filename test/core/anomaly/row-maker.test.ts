/** What rows are derived from cells: which of them count, and what they say beyond their readings. */
import { describe, expect, it } from "vitest";
import {
  CELLS_PER_DAY,
  CELLS_PER_HOUR,
  CHANNEL_COUNT,
  type ChannelId,
  channelIndex,
} from "#core/anomaly/channel.js";
import { createGrid } from "#core/anomaly/grid.js";
import { MODES, type Mode, valueIn } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";

type Cell = readonly [mode: Mode, values?: Partial<Record<ChannelId, number>>];

/** Rows of consecutive cells from midnight on. */
function rowsOfCells(cells: readonly (Cell | undefined)[]) {
  const grid = createGrid(20_000 * CELLS_PER_DAY, cells.length);
  for (const [index, cell] of cells.entries()) {
    if (cell === undefined) continue;
    const [mode, values = {}] = cell;
    grid.seen[index] = 1;
    grid.modes[index] = MODES.indexOf(mode);
    for (const [id, value] of Object.entries(values))
      grid.values[index * CHANNEL_COUNT + channelIndex(id as ChannelId)] = value ?? Number.NaN;
  }
  return makeRows(grid);
}

const times = (count: number, cell: Cell | undefined): (Cell | undefined)[] =>
  Array.from({ length: count }, () => cell);

describe("a row is steady", () => {
  it("when its mode is that of the 15 minutes before", () => {
    const { steady } = rowsOfCells([...times(2, ["off"]), ...times(5, ["heating"])]);
    expect([...steady]).toEqual([0, 0, 0, 0, 0, 1, 1]);
  });

  it("not in a mode that nobody knows, however long", () => {
    expect([...rowsOfCells(times(9, ["unknown"])).steady]).toEqual(
      times(9, undefined).map(() => 0),
    );
  });

  it("not over a gap, and not in a defrost or the 15 minutes after it", () => {
    const gap = rowsOfCells([...times(5, ["heating"]), undefined, ...times(4, ["heating"])]);
    expect([...gap.steady]).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 1]);
    const cells = [...times(6, ["heating"] as const), ["defrost"] as const];
    const { steady } = rowsOfCells([...cells, ...times(4, ["heating"])]);
    expect([...steady].slice(6)).toEqual([0, 0, 0, 0, 1]);
  });
});

describe("derived", () => {
  it("is the outdoor mean of a day, after twelve hours of it", () => {
    const rows = rowsOfCells(times(CELLS_PER_DAY + 1, ["off", { outdoor: 4 }]));
    expect(valueIn(rows, 142, "to24")).toBeNaN();
    expect(valueIn(rows, 143, "to24")).toBeCloseTo(4, 9);
  });

  it("is no outdoor mean in the hour after a defrost: the curve is caught up on", () => {
    const day = times(CELLS_PER_DAY, ["heating", { outdoor: 4 }]);
    const rows = rowsOfCells([...day, ["defrost", { outdoor: 4 }], ...day.slice(0, 20)]);
    const at = (minutes: number) => valueIn(rows, CELLS_PER_DAY + minutes / 5, "to24");
    expect([at(5), at(60), at(65)].map(Number.isNaN)).toEqual([true, true, false]);
  });

  it("is the difference of pressures, after half an hour of standstill", () => {
    const rows = rowsOfCells(times(9, ["off", { high: 7.5, low: 7.3 }]));
    const known = Array.from(
      { length: 9 },
      (_, row) => !Number.isNaN(valueIn(rows, row, "high-low")),
    );
    expect(known.indexOf(true)).toBe(6);
    expect(valueIn(rows, 6, "high-low")).toBeCloseTo(0.2, 9);
    expect(
      valueIn(rowsOfCells(times(9, ["heating", { high: 20, low: 4 }])), 8, "high-low"),
    ).toBeNaN();
  });

  it("is the heat from flow rate and spread, and the COP from heat and power", () => {
    const rows = rowsOfCells([["heating", { flow: 35, return: 30, flowRate: 20, power: 1.5 }]]);
    expect(valueIn(rows, 0, "thermal")).toBeCloseTo((4.186 * 20 * 5) / 60, 9);
    expect(valueIn(rows, 0, "cop")).toBeCloseTo((4.186 * 20 * 5) / 60 / 1.5, 9);
  });

  it.each<[string, Cell]>([
    ["below 0.2 kW", ["heating", { thermal: 0.6, power: 0.2 }]],
    ["at standstill", ["off", { thermal: 5, power: 1, cop: 4 }]],
    ["in a defrost", ["defrost", { thermal: 5, power: 1, cop: 4 }]],
    ["of 0", ["heating", { cop: 0, power: 1 }]],
    ["beyond 30", ["heating", { thermal: 31, power: 1 }]],
  ])("is no COP %s", (_, cell) => {
    expect(valueIn(rowsOfCells([cell]), 0, "cop")).toBeNaN();
  });

  it("are counts of a day, at full hours, when 22 of its hours are there", () => {
    const hours = (count: number, cell: Cell | undefined) => times(count * CELLS_PER_HOUR, cell);
    const cold = { outdoor: 2, power: 0.5 };
    const day = [
      ...hours(4, ["off", cold]),
      ...hours(2, ["hot_water", cold]),
      ...hours(4, ["off", cold]),
      ...hours(6, ["heating", cold]),
      ["defrost", cold] as const,
      ...hours(8, ["heating", cold]).slice(1),
    ];
    const rows = rowsOfCells([...day, ["off", cold]]);
    const last = rows.length - 1;
    expect(
      ["starts", "def", "kw", "dayLow"].map((id) => valueIn(rows, last, id as ChannelId)),
    ).toEqual([2, 1, 0.5, 2]);
    expect(valueIn(rows, last, "dhw")).toBeCloseTo(2 / 24, 2);
    expect(valueIn(rows, last - 1, "starts")).toBeNaN();
    const without = (count: number) => {
      const holed = rowsOfCells([
        ...day.slice(0, -count),
        ...times(count, undefined),
        ["off", cold],
      ]);
      return valueIn(holed, holed.length - 1, "starts");
    };
    expect(without(20)).toBe(2);
    expect(without(30)).toBeNaN();
  });

  /** A day of these cells, then what the last full hour says of it. */
  const countsOf = (cells: readonly (Cell | undefined)[]) => {
    const rows = rowsOfCells([...cells, ["off", { outdoor: 2, power: 0.5 }]]);
    const said = (id: ChannelId) => valueIn(rows, rows.length - 1, id);
    return { starts: said("starts"), def: said("def"), kw: said("kw"), dayMean: said("dayMean") };
  };
  const still: Cell = ["off", { outdoor: 2, power: 0.5 }];
  const runs: Cell = ["heating", { outdoor: 2, power: 0.5 }];
  const thaws: Cell = ["defrost", { outdoor: 2, power: 0.5 }];
  const mixed: Cell = ["unknown", { outdoor: 2, power: 0.5 }];
  const dayOf = (pattern: readonly (Cell | undefined)[]) =>
    Array.from({ length: CELLS_PER_DAY }, (_, cell) => pattern[cell % pattern.length]);

  it("are counts of a day of which one cell in ten was lost, wherever it was", () => {
    const day = dayOf(times(CELLS_PER_HOUR, still)).map((cell, at) =>
      at % 10 === 7 ? undefined : cell,
    );
    expect(countsOf(day)).toEqual({ starts: 0, def: 0, kw: 0.5, dayMean: 2 });
    const third = day.map((cell, at) => (at % 3 === 0 ? undefined : cell));
    expect(Object.values(countsOf(third)).every(Number.isNaN)).toBe(true);
  });

  it.each<[string, readonly (Cell | undefined)[], number]>([
    ["begins in a cell whose polls disagree", [mixed, runs, runs, mixed, still], 1],
    ["begins in a cell that was lost", [undefined, runs, runs, still, still], 1],
    ["is over before the next cell", [mixed, still, still, still, still], 1],
    ["would have to lie in a lost cell", [undefined, still, still, still, still], 0],
    ["comes after a quarter of an hour of which nobody knows", [mixed, mixed, mixed, runs], 0],
  ])("count a run that %s", (_, cells, runsAnHour) => {
    const hour = [...times(CELLS_PER_HOUR - cells.length, still), ...cells];
    expect(countsOf(dayOf(hour)).starts).toBe(24 * runsAnHour);
  });

  it("count a defrost once, over a cell that was lost in it, too", () => {
    const hour = [runs, thaws, undefined, thaws, ...times(CELLS_PER_HOUR - 4, runs)];
    expect(countsOf(dayOf(hour)).def).toBe(24);
  });

  it("are there while a machine cycles so fast that most cells disagree", () => {
    expect(countsOf(dayOf([mixed, still, mixed, runs])).starts).toBeGreaterThan(60);
  });
});
