/**
 * When a device is new, or something about it was changed, nothing is raised: 14 days and 3 days. At
 * stake: a bell that rings because the owner did something, or that never rings again.
 */
import { describe, expect, it } from "vitest";
import { CELLS_PER_DAY, CHANNELS, channelIndex } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { learnFleet } from "#core/anomaly/learn-fleet.js";
import type { MachineReadings } from "#core/anomaly/machine-readings.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { QUIET_CHANGED_CELLS, QUIET_NEW_CELLS } from "../../../daemon/model/alarm-desk.js";
import {
  createDeviceWatch,
  type DeviceMemory,
  type WatchedModel,
} from "../../../daemon/model/device-watch.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const FIRST = 20_000 * CELLS_PER_DAY;
const DAY = CELLS_PER_DAY;
const learnt = learnFleet(
  planFor(new Set(MADE_UP)),
  [1, 2].map((seed) => ({
    installationId: `${seed}`,
    rows: makeRows(madeUpCells({ seed, days: 20 })),
  })),
);
const modelOf = (key: string): WatchedModel => ({
  ...{ source: "community", key, label: "1", model: learnt },
});
const grid = madeUpCells({ seed: 8, days: 40 });

/** A device that has sent cells up to `cells`. */
function device(from?: DeviceMemory) {
  const quietUntil: number[] = [];
  const desk = {
    judge: (facts: { quietUntil: number }) => {
      quietUntil.push(facts.quietUntil - FIRST);
      return false;
    },
  };
  const quiet = { newDevice: QUIET_NEW_CELLS, newModel: QUIET_CHANGED_CELLS };
  const watch = createDeviceWatch("a", desk as never, quiet, from);
  return {
    watch,
    /** Until which cell it is quiet, after cell `cell` came. */
    feed(cell: number) {
      watch.take(pollOf(cell));
      watch.take(pollOf(cell + 1));
      return quietUntil.at(-1);
    },
  };
}

function pollOf(cell: number): MachineReadings {
  const values = new Map<number, number>();
  for (let channel = 0; channel < channelIndex("to24"); channel++) {
    const value = grid.values[cell * CHANNELS.length + channel] ?? Number.NaN;
    if (!Number.isNaN(value)) values.set(channel, value);
  }
  const mode = MODES[grid.modes[cell] ?? 0];
  return { atMs: (FIRST + cell) * 300_000, values, mode, hasFault: false, outside: [] };
}

describe("a device is quiet", () => {
  it("for 14 days when it is new, and for 3 with its first own model after that", () => {
    const { watch, feed } = device();
    expect(feed(0)).toBe(14 * DAY);
    feed(20 * DAY);
    watch.use(modelOf("local/1"));
    expect(feed(20 * DAY + 5)).toBe(20 * DAY + 3 * DAY);
  });

  it("for 3 days with another model, not with the same again", () => {
    const { watch, feed } = device();
    watch.use(modelOf("community/a/1"));
    expect(feed(0)).toBe(14 * DAY);
    feed(20 * DAY);
    watch.use(modelOf("community/a/1"));
    expect(feed(20 * DAY + 5)).toBe(14 * DAY);
    watch.use(modelOf("community/a/2"));
    expect(feed(21 * DAY)).toBe(20 * DAY + 5 + 3 * DAY);
  });

  it("for 3 days with a model that came while it was off, and goes on with the one it had", () => {
    const before = device();
    before.watch.use(modelOf("community/a/1"));
    before.feed(0);
    before.feed(20 * DAY);
    const memory = () => structuredClone(before.watch.memory());
    const same = device(memory());
    same.watch.use(modelOf("community/a/1"));
    expect(same.feed(21 * DAY)).toBe(14 * DAY);
    const other = device(memory());
    other.watch.use(modelOf("community/a/2"));
    expect(other.feed(21 * DAY)).toBe(20 * DAY + 3 * DAY);
  });

  it("for 3 days after another profile or firmware, over restarts, and not at first sight", () => {
    const { watch, feed } = device();
    feed(0);
    feed(20 * DAY);
    expect(watch.readBy("acme/air-9 1 7.3")).toBe(false);
    const later = device(structuredClone(watch.memory()));
    expect(later.watch.readBy("acme/air-9 1 7.3")).toBe(false);
    expect(later.watch.readBy("acme/air-9 1 7.4")).toBe(true);
    expect(later.feed(21 * DAY)).toBe(20 * DAY + 3 * DAY);
  });

  it("for 3 days after its owner changed settings, also right after a start", () => {
    const before = device();
    before.feed(0);
    before.feed(20 * DAY);
    const { watch, feed } = device(structuredClone(before.watch.memory()));
    watch.hush(QUIET_CHANGED_CELLS);
    expect(feed(20 * DAY + 9)).toBe(20 * DAY + 3 * DAY);
  });

  it("for 3 days after its clock was set back", () => {
    const { watch, feed } = device();
    feed(0);
    feed(20 * DAY);
    for (let poll = 0; poll < 16; poll++) watch.take(pollOf(15 * DAY));
    expect(feed(15 * DAY + 20)).toBe(15 * DAY + 3 * DAY);
    expect(watch.counts.clockJumps).toBe(1);
  });
});
