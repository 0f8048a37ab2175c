/** What the owner lives through: silence while all is well, one alarm when it is not. */
import { describe, expect, it } from "vitest";
import {
  CELLS_PER_DAY,
  CHANNEL_COUNT,
  type ChannelId,
  channelIndex,
} from "#core/anomaly/channel.js";
import { injectFault } from "#core/anomaly/fault-scenario.js";
import { FAULTS } from "#core/anomaly/fault-table.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import type { CellGrid } from "#core/anomaly/grid.js";
import { learnFleet } from "#core/anomaly/learn-fleet.js";
import { MODES, rowsOf } from "#core/anomaly/operating-row.js";
import { checkGrid } from "#core/anomaly/quality.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { openWatch, startWatch } from "#core/anomaly/watch.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const family = [1, 2, 3, 4].map((seed) => ({
  installationId: `machine-${seed}`,
  rows: makeRows(madeUpCells({ seed, days: 60 })),
}));
const model = learnFleet(planFor(new Set(MADE_UP)), family);
const healthy = madeUpCells({ seed: 11, days: 60 });
const QUIET_DAYS = 14;
const FAULT_DAY = 25;

/** Watches cells as a daemon does; says which days alarms were raised and resolved. */
function live(grid: CellGrid) {
  const { grid: checked, findings } = checkGrid(grid);
  const watch = openWatch(model, startWatch(model, grid.firstCell + QUIET_DAYS * CELLS_PER_DAY));
  const changes: { change: string; day: number; named: string[] }[] = [];
  const scores: number[] = [];
  for (const row of rowsOf(makeRows(checked))) {
    const active = findings.filter(({ since, last }) => since <= row.cell && row.cell <= last);
    const change = watch.read(row, active);
    scores.push(watch.score);
    const day = (row.cell - grid.firstCell) / CELLS_PER_DAY;
    if (change !== undefined) changes.push({ change, day, named: watch.named() });
  }
  return { changes, scores, state: watch.state() };
}

/** The grid with `change` made to every cell from `day` on. */
function changed(change: (cell: number, set: Setter) => void, day = FAULT_DAY): CellGrid {
  const grid = { ...healthy, values: healthy.values.slice(), modes: healthy.modes.slice() };
  for (let cell = day * CELLS_PER_DAY; cell < grid.length; cell++)
    change(cell, (id, of) => {
      const at = cell * CHANNEL_COUNT + channelIndex(id);
      grid.values[at] = of(grid.values[at] ?? Number.NaN);
    });
  return grid;
}

type Setter = (id: ChannelId, of: (value: number) => number) => void;

const sick = (fault: string) => {
  const kind = FAULTS.find((one) => one.fault === fault);
  if (kind === undefined) throw new Error(`no fault ${fault}`);
  return injectFault(healthy, { kind, severity: 1, start: FAULT_DAY * CELLS_PER_DAY });
};

describe("a healthy machine", () => {
  it("raises no alarm in two months", () => {
    expect(live(healthy).changes).toEqual([]);
  });

  it("raises none while it does not heat for a month", () => {
    const summer = madeUpCells({ seed: 12, days: 60, outdoor: 24 });
    expect(live(summer).changes).toEqual([]);
  });

  it("raises none in a cold spell colder than anything learnt", () => {
    const cold = madeUpCells({ seed: 13, days: 40, outdoor: -14 });
    const { state, changes } = live(cold);
    expect(changes).toEqual([]);
    expect(state.normal.rowsOutOfReach).toBeGreaterThan(0);
  });

  it.each([3, 20])("raises none because of a gap of %d days", (days) => {
    const grid = changed(() => undefined);
    grid.seen.fill(0, FAULT_DAY * CELLS_PER_DAY, (FAULT_DAY + days) * CELLS_PER_DAY);
    const { changes } = live({ ...grid, seen: grid.seen.slice() });
    grid.seen.fill(1);
    expect(changes).toEqual([]);
  });

  it("raises none because of spikes", () => {
    const grid = changed((cell, set) => {
      if (cell % 50 === 0) set("flow", () => 94.9);
      if (cell % 70 === 0) set("low", () => 39);
    });
    expect(live(grid).changes).toEqual([]);
  });
});

describe("a sick machine", () => {
  it.each([
    ["fan_failure", /fan|frequency/],
    ["sensor_flow_offset", /cop|flow/],
    ["low_flow", /return/],
    ["eev_stuck_open", /cop/],
    ["backup_heater_on", /power|frequency/],
  ])("with %s is found, named and resolved once", (fault, part) => {
    const { changes } = live(sick(fault));
    const [raised, resolved, ...more] = changes;
    expect(raised?.change).toBe("raised");
    expect(raised?.day).toBeGreaterThan(FAULT_DAY);
    expect(raised?.day).toBeLessThan(FAULT_DAY + 2);
    expect(raised?.named.join(" ")).toMatch(part);
    expect(resolved?.change).toBe("resolved");
    expect(more).toEqual([]);
  });

  it("does not become normal: a fault that stays is still alarming after weeks", () => {
    const { changes, scores } = live(changed((_, set) => set("cop", (cop) => cop / 2)));
    expect(changes.map(({ change }) => change)).toEqual(["raised"]);
    expect(scores.at(-1)).toBeGreaterThan(1);
  });

  it("is not told in the first fortnight", () => {
    const { changes } = live(changed((_, set) => set("cop", (cop) => cop / 2), 2));
    expect(changes.every(({ day }) => day >= QUIET_DAYS)).toBe(true);
  });
});

describe("a broken sensor", () => {
  it("that stands still is told as a sensor, not as a machine", () => {
    let held = 27.3;
    const { changes } = live(
      changed((_, set) =>
        set("return", (value) => {
          held = Number.isNaN(value) ? held : 27.3;
          return held;
        }),
      ),
    );
    expect(changes.flatMap(({ named }) => named).some((name) => name.includes("return"))).toBe(
      true,
    );
  });

  it("whose unit changes is masked and told", () => {
    const { changes } = live(changed((_, set) => set("flow", (value) => value * 1.8 + 32)));
    expect(changes.map(({ named }) => named[0])).toEqual(["sensor.flow"]);
  });

  it("with one wild value leaves no trace in what comes after", () => {
    const at = 30 * CELLS_PER_DAY + 4;
    const grid = changed((cell, set) => {
      if (cell === at) set("power", () => 59);
    });
    const [clean, spiked] = [live(healthy).scores, live(grid).scores];
    const late = clean.length - CELLS_PER_DAY;
    for (let row = late; row < clean.length; row++)
      expect(Math.abs((spiked[row] ?? 0) - (clean[row] ?? 0))).toBeLessThan(0.02);
  });
});

describe("a watch", () => {
  it("goes on from a saved state as if it had never stopped", () => {
    const rows = makeRows(sick("low_flow"));
    const start = startWatch(model, 0);
    const whole = openWatch(model, start);
    let stepped = openWatch(model, start);
    let index = 0;
    for (const row of rowsOf(rows)) {
      whole.read(row);
      if (index++ % 500 === 0) stepped = openWatch(model, stepped.state());
      stepped.read(row);
      expect(stepped.score).toBe(whole.score);
    }
    expect(index).toBe(60 * CELLS_PER_DAY);
  });

  it("scores a steady row only: a mode that just began says nothing", () => {
    const modes = healthy.modes.slice();
    for (let cell = 0; cell < modes.length; cell += 3) modes[cell] = MODES.indexOf("defrost");
    const rows = makeRows({ ...healthy, modes });
    expect(rows.steady.every((steady) => steady === 0)).toBe(true);
  });
});
