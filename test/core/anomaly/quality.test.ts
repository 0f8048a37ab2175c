/** Bad data must not look like a sick machine, and must not teach the model anything. */
import { describe, expect, it } from "vitest";
import {
  CELLS_PER_DAY,
  CHANNEL_COUNT,
  type ChannelId,
  channelAt,
  channelIndex,
} from "#core/anomaly/channel.js";
import { type CellGrid, gridChanges, gridPolls } from "#core/anomaly/grid.js";
import { guessModes } from "#core/anomaly/guess-mode.js";
import { MODES, valueIn } from "#core/anomaly/operating-row.js";
import { checkGrid } from "#core/anomaly/quality.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const healthy = madeUpCells({ seed: 5, days: 20 });
const FROM = 10 * CELLS_PER_DAY;

function withChange(id: ChannelId, of: (value: number, cell: number) => number): CellGrid {
  const grid = { ...healthy, values: healthy.values.slice() };
  for (let cell = FROM; cell < grid.length; cell++) {
    const at = cell * CHANNEL_COUNT + channelIndex(id);
    grid.values[at] = of(grid.values[at] ?? Number.NaN, cell);
  }
  return grid;
}

const found = (grid: CellGrid) =>
  checkGrid(grid).findings.map(({ kind, channel }) => `${kind} ${channelAt(channel).id}`);
const finite = (grid: CellGrid, id: ChannelId) => {
  let count = 0;
  for (let cell = FROM; cell < grid.length; cell++)
    if (!Number.isNaN(grid.values[cell * CHANNEL_COUNT + channelIndex(id)])) count++;
  return count;
};

describe("findings", () => {
  it("are none on a healthy machine", () => {
    expect(found(healthy)).toEqual([]);
  });

  it("name a channel that stands still and take it away", () => {
    const grid = withChange("return", () => 28.4);
    expect(found(grid)).toContain("stuck return");
    expect(finite(checkGrid(grid).grid, "return")).toBeLessThan(CELLS_PER_DAY);
  });

  it.each<[string, ChannelId, (value: number) => number]>([
    ["Fahrenheit", "flow", (value) => value * 1.8 + 32],
    ["a thousandth of it: kilowatts for watts", "power", (value) => value / 1000],
  ])("name a channel that changes to %s", (_, id, of) => {
    expect(found(withChange(id, of))).toEqual([`mapping ${id}`]);
  });

  it("name a channel of which more than one in a hundred cells is impossible", () => {
    const outside = (every: number) => {
      const grid = { ...healthy, outside: healthy.outside.slice() };
      for (let cell = FROM; cell < grid.length; cell += every)
        grid.outside[cell] = 1 << channelIndex("flow");
      return grid;
    };
    expect(found(outside(90))).toEqual(["implausible flow"]);
    // What cannot be is gone already; what is left is measured.
    expect(finite(checkGrid(outside(90)).grid, "flow")).toBe(finite(healthy, "flow"));
    expect(found(outside(150))).toEqual([]);
  });

  it("name a channel of which nothing is possible: watts for kilowatts, or words swapped", () => {
    const never = (id: ChannelId) => {
      const grid = withChange(id, (value, cell) =>
        healthy.modes[cell] === MODES.indexOf("off") ? value : Number.NaN,
      );
      const bit = 1 << channelIndex(id);
      return { ...grid, outside: grid.outside.map((_, cell) => (cell < FROM ? 0 : bit)) };
    };
    expect(found(never("power"))).toEqual(["mapping power"]);
    const mended = never("power");
    mended.outside.fill(0, 15 * CELLS_PER_DAY);
    mended.values.set(
      healthy.values.subarray(15 * CELLS_PER_DAY * CHANNEL_COUNT),
      15 * CELLS_PER_DAY * CHANNEL_COUNT,
    );
    expect(finite(checkGrid(mended).grid, "power")).toBeGreaterThan(3.9 * CELLS_PER_DAY);
    // A sensor of temperature that is not connected says anything.
    expect(found(never("tank"))).not.toContain("mapping tank");
  });

  it("name a channel that falls silent for longer than it rests, and not what is away at rest", () => {
    const silent = (id: ChannelId, cells: number) =>
      withChange(id, (value, cell) => (cell < FROM + cells ? Number.NaN : value));
    expect(found(silent("flow", 12))).toEqual([]);
    expect(found(silent("flow", 13))).toEqual(["stale flow"]);
    expect(found(silent("outdoor", 36))).toEqual([]);
    expect(found(silent("outdoor", 37))).toEqual(["stale outdoor"]);
    expect(found(silent("cop", 288))).toEqual([]);
  });

  it("name nothing where all is silent: a gap is nobody's fault", () => {
    const grid = withChange("flow", (value) => value);
    const seen = healthy.seen.slice();
    seen.fill(0, FROM, FROM + 200);
    expect(found({ ...grid, seen })).toEqual([]);
  });

  it("name flow and return that are swapped", () => {
    const grid = { ...healthy, values: healthy.values.slice() };
    const [flow, back] = [channelIndex("flow"), channelIndex("return")];
    for (let at = FROM * CHANNEL_COUNT; at < grid.values.length; at += CHANNEL_COUNT) {
      const warm = grid.values[at + flow] ?? Number.NaN;
      grid.values[at + flow] = grid.values[at + back] ?? Number.NaN;
      grid.values[at + back] = warm;
    }
    expect(found(grid)).toEqual(["mapping flow", "mapping return"]);
  });

  it("name a COP of 1: thermal power was read as electric, and neither is used", () => {
    const names = found(withChange("cop", (value) => (Number.isNaN(value) ? value : 1)));
    expect(names).toEqual(["mapping power", "mapping cop"]);
    const grid = { ...healthy, values: healthy.values.slice() };
    const [power, thermal, cop] = (["power", "thermal", "cop"] as const).map(channelIndex);
    for (let at = 0; at < grid.values.length; at += CHANNEL_COUNT) {
      grid.values[at + (thermal ?? 0)] = grid.values[at + (power ?? 0)] ?? Number.NaN;
      grid.values[at + (cop ?? 0)] = Number.NaN;
    }
    expect(found(grid)).toEqual(["mapping power", "mapping cop"]);
    const { block } = { block: makeRows(checkGrid(grid).grid) };
    const last = Array.from({ length: 288 }, (_, row) =>
      valueIn(block, block.length - 1 - row, "cop"),
    );
    expect(last.every(Number.isNaN)).toBe(true);
  });

  it("name a channel that is mostly away", () => {
    const grid = withChange("low", (value, cell) => (cell % 3 === 0 ? value : Number.NaN));
    expect(found(grid)).toContain("absent low");
  });

  it("are none for a sensor that may rest: one that seldom moves is not stuck", () => {
    const rest = (value: number, cell: number) => (cell % 30 === 0 ? value : 8);
    const grid = { ...healthy, values: healthy.values.slice() };
    for (let cell = 0; cell < grid.length; cell++) {
      const at = cell * CHANNEL_COUNT + channelIndex("low");
      const value = grid.values[at] ?? Number.NaN;
      grid.values[at] = cell < FROM ? rest(value, cell) : 8;
    }
    expect(found(grid)).toEqual([]);
  });

  it("need more than half of a day for what is absent, and four fifths for what is swapped", () => {
    const away = (share: number) =>
      withChange("low", (value, cell) => (cell % 10 < share * 10 ? Number.NaN : value));
    expect([found(away(0.4)), [...new Set(found(away(0.7)))]]).toEqual([[], ["absent low"]]);
    const swapped = (share: number) => {
      const grid = { ...healthy, values: healthy.values.slice() };
      const [flow, back] = [channelIndex("flow"), channelIndex("return")];
      for (let cell = FROM; cell < grid.length; cell++) {
        if (cell % 10 >= share * 10) continue;
        const at = cell * CHANNEL_COUNT;
        const warm = grid.values[at + flow] ?? Number.NaN;
        grid.values[at + flow] = grid.values[at + back] ?? Number.NaN;
        grid.values[at + back] = warm;
      }
      return found(grid);
    };
    expect(swapped(0.7)).toEqual([]);
    expect(swapped(0.9)).toEqual(["mapping flow", "mapping return"]);
  });

  it("drop spikes, and a spike never becomes the new level", () => {
    const grid = withChange("return", (value, cell) => (cell % 40 === 0 ? value + 60 : value));
    const { grid: checked } = checkGrid(grid);
    const most = Math.max(
      ...Array.from(
        { length: checked.length },
        (_, cell) => checked.values[cell * CHANNEL_COUNT + channelIndex("return")] || 0,
      ),
    );
    expect(most).toBeLessThan(70);
    expect(finite(checked, "return")).toBeGreaterThan(0);
  });
});

describe("readings on the grid", () => {
  const START_MS = 1_700_000_100_000;
  const flow = channelIndex("flow");
  const polls = (atMs: readonly number[], values: readonly number[]) =>
    gridPolls({
      atMs: Float64Array.from(atMs),
      channels: [flow],
      columns: [Float64Array.from(values)],
    });

  it("may come in any order and twice: the same cells", () => {
    const minutes = Array.from({ length: 60 }, (_, minute) => START_MS + minute * 60_000);
    const values = minutes.map((_, minute) => 30 + minute / 10);
    const shuffled = minutes.map((_, index) => (index * 37) % 60);
    const again = polls(
      [...shuffled.map((i) => minutes[i] ?? 0), ...minutes],
      [...shuffled.map((i) => values[i] ?? 0), ...values],
    );
    expect(again.values).toEqual(polls(minutes, values).values);
  });

  it.each([-3276.8, -32_768, 6553.5, 3276.7, Number.NaN, Number.POSITIVE_INFINITY])(
    "drop the sentinel %d",
    (sentinel) => {
      const grid = polls([START_MS, START_MS + 1000], [sentinel, 31]);
      expect(grid.values[flow]).toBe(31);
    },
  );

  it("note what claims to be a measurement and cannot be one; sentinels claim nothing", () => {
    const outside = (value: number) => polls([START_MS], [value]).outside[0];
    expect([940, -80, 1e9].map(outside)).toEqual([1 << flow, 1 << flow, 1 << flow]);
    expect([-3276.8, 3276.7, 6553.5, -32_768, Number.NaN, 31].map(outside)).toEqual(
      Array.from({ length: 6 }, () => 0),
    );
  });

  it("refuse a clock that jumped by years", () => {
    expect(() => polls([0, START_MS], [1, 2])).toThrow(/span \d+ days/);
  });

  it("of a source that reports changes hold for as long as the channel may, not longer", () => {
    const atMs = Float64Array.from({ length: 61 }, (_, index) => START_MS + index * 300_000);
    const channels = Uint8Array.from(atMs, (_, index) =>
      index === 0 ? flow : channelIndex("low"),
    );
    const values = Float64Array.from(atMs, (_, index) => (index === 0 ? 30 : 4 + index / 100));
    const grid = gridChanges({ atMs, channels, values });
    const at = (cell: number) => grid.values[cell * CHANNEL_COUNT + flow];
    expect([at(0), at(12), at(13)]).toEqual([30, 30, Number.NaN]);
  });

  it("that arrive channel after channel make the same cells as those that arrive together", () => {
    const steps = Array.from({ length: 40 }, (_, step) => step);
    const one = (step: number, channel: number) => ({
      atMs: START_MS + step * 60_000,
      channel,
      value: 4 + channel / 9,
    });
    const together = steps.flatMap((step) => [one(step, flow), one(step, channelIndex("return"))]);
    const apart = [
      ...steps.map((s) => one(s, flow)),
      ...steps.map((s) => one(s, channelIndex("return"))),
    ];
    const toGrid = (list: typeof together) =>
      gridChanges({
        atMs: Float64Array.from(list, ({ atMs }) => atMs),
        channels: Uint8Array.from(list, ({ channel }) => channel),
        values: Float64Array.from(list, ({ value }) => value),
      });
    expect(toGrid(apart).values).toEqual(toGrid(together).values);
    expect(toGrid(apart).seen).toContain(1);
  });

  it("of a source that went silent hold for minutes only", () => {
    const atMs = Float64Array.of(START_MS, START_MS + 20 * 300_000);
    const grid = gridChanges({
      atMs,
      channels: Uint8Array.of(flow, flow),
      values: Float64Array.of(30, 31),
    });
    const at = (cell: number) => grid.values[cell * CHANNEL_COUNT + flow];
    expect([at(2), at(3), at(20)]).toEqual([30, Number.NaN, 31]);
  });
});

describe("modes without a mode register", () => {
  it("agree with the true ones in nearly all cells", () => {
    const guessed = guessModes({
      ...healthy,
      modes: healthy.modes.map(() => MODES.indexOf("unknown")),
    });
    let equal = 0;
    for (let cell = 0; cell < healthy.length; cell++)
      if (guessed.modes[cell] === healthy.modes[cell]) equal++;
    expect(equal / healthy.length).toBeGreaterThan(0.9);
  });

  it("are one mode where hot water cannot be told", () => {
    const values = healthy.values.map((value, at) =>
      at % CHANNEL_COUNT === channelIndex("tank") ? Number.NaN : value,
    );
    const { modes } = guessModes({ ...healthy, values });
    expect(new Set([...modes].map((mode) => MODES[mode]))).toEqual(new Set(["off", "running"]));
  });
});

describe("what is derived", () => {
  it("needs its day: no daily count before 22 hours", () => {
    const rows = makeRows(healthy);
    const at = (hour: number) => valueIn(rows, hour * 12, "starts");
    expect(at(21)).toBeNaN();
    expect(at(24)).toBeGreaterThanOrEqual(1);
    expect(MADE_UP).not.toContain("starts");
  });
});
