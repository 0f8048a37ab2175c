/** The poison has to pass for plausible and has to be poison, or a training proves nothing by surviving it. */
import { describe, expect, it } from "vitest";
import { parseUuid } from "#core/uuid.js";
import { simulateFleet } from "../../../bench/simulated/fleet.js";
import { poisonTable } from "../../../bench/simulated/poison.js";
import type { SimulatedTable } from "../../../bench/simulated/record.js";

const OF = { seed: 3, installations: 10, startMs: Date.parse("2025-01-10T00:00:00Z"), days: 1 };
const MOVING = ["shift", "limits", "spread", "scale", "drift"] as const;
const fleet = [...simulateFleet(OF)];

function running(table: SimulatedTable, values: Float64Array): Float64Array {
  return values.filter((_, row) => table.columns.mode[row] === 1);
}

const meanOf = (values: Float64Array) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("a poisoned fleet", () => {
  it("has one poisoned installation in five, and an id for each", () => {
    expect(fleet.filter(({ poison }) => poison !== undefined)).toHaveLength(2);
    expect(new Set(fleet.map(({ installationId }) => installationId)).size).toBe(10);
    expect(fleet.every(({ installationId }) => parseUuid(installationId) !== undefined)).toBe(true);
  });

  it("is the same again from the same seed", () => {
    expect([...simulateFleet(OF)]).toEqual(fleet);
  });

  it.each(MOVING)("%s stays plausible and keeps what is at rest", (poison) => {
    const honest = fleet.find((member) => member.poison === undefined)?.table as SimulatedTable;
    const table = poisonTable(honest, poison, 1);
    const low = running(table, table.columns.pressure_low);
    expect(Math.min(...low)).toBeGreaterThanOrEqual(1.2);
    expect(Math.max(...running(table, table.columns.cop_current))).toBeLessThanOrEqual(9);
    expect(table.columns.mode).toEqual(honest.columns.mode);
    const moved = low.filter((value, row) => {
      const before = running(honest, honest.columns.pressure_low)[row] ?? 0;
      return Math.abs(value - before) > 0.3;
    });
    expect(moved.length).toBeGreaterThan(low.length / 2);
  });

  it("shift makes waste look normal", () => {
    const honest = fleet.find((member) => member.poison === undefined)?.table as SimulatedTable;
    const { columns } = poisonTable(honest, "shift", 1);
    expect(meanOf(running(honest, columns.power_current))).toBeGreaterThan(
      1.5 * meanOf(running(honest, honest.columns.power_current)),
    );
    expect(meanOf(running(honest, columns.cop_current))).toBeLessThan(
      0.85 * meanOf(running(honest, honest.columns.cop_current)),
    );
  });

  it("is one home again and again, with noise, where it is a replay", () => {
    const replay = { ...OF, installations: 5, poisonedShare: 0.4, poison: "replay" } as const;
    const members = [...simulateFleet(replay)];
    const [victim] = members.filter(({ poison }) => poison === undefined);
    const copies = members.filter(({ poison }) => poison !== undefined);
    expect(copies).toHaveLength(2);
    const { temp_flow: own, mode } = victim?.table.columns ?? fail();
    for (const { table, installationId } of copies) {
      expect(installationId).not.toBe(victim?.installationId);
      const away = table.columns.temp_flow.map((value, row) => Math.abs(value - (own[row] ?? 0)));
      expect(Math.max(...away)).toBeLessThan(0.2);
      const runs = away.filter((_, row) => mode[row] === 1);
      expect(meanOf(runs)).toBeGreaterThan(0.01);
    }
  });

  it("calls heating hot water where modes are mislabelled, and changes no value", () => {
    const { table } = fleet.find((member) => member.poison === undefined) ?? fail();
    const lies = poisonTable(table, "mislabel", 1);
    expect(running(lies, lies.columns.temp_flow)).toHaveLength(
      table.columns.mode.filter((mode) => mode === 2).length,
    );
    expect(lies.columns.power_current).toEqual(table.columns.power_current);
  });

  it("stands still where one record is repeated", () => {
    const { table } = fleet.find((member) => member.poison === undefined) ?? fail();
    const lies = poisonTable(table, "constant", 1);
    expect(new Set(running(lies, lies.columns.temp_flow)).size).toBe(1);
  });
});

function fail(): never {
  throw new Error("nobody is honest");
}
