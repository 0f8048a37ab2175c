/** Export and local history read sealed batches back; every encoding must come out as it went in. */
import { describe, expect, it } from "vitest";
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { createChannelTable } from "#core/batch/channel-table.js";
import { createColumns } from "#core/batch/columns.js";
import { CODECS } from "#core/batch/limits.js";
import type { Snapshot } from "#core/measurement/snapshot.js";

const table = createChannelTable([
  { metric: "temp_flow", encoding: "int", multiplier: 5, decimals: 1, kind: "fastTemperature" },
  { metric: "starts", encoding: "uint", multiplier: 1, decimals: 0, kind: "counter" },
  { metric: "power", encoding: "f32", multiplier: 1, decimals: 0, kind: "power" },
  { metric: "energy", encoding: "wide", multiplier: 1, decimals: 3, kind: "counter" },
  { metric: "exact", encoding: "f64", multiplier: 1, decimals: 0, kind: "power" },
]);
const START = 1_735_689_600_000;

const values: readonly Record<string, number>[] = [
  {
    temp_flow: 35.5,
    starts: 4_294_967_295,
    power: 1.5,
    energy: Number.MAX_SAFE_INTEGER / 1_000,
    exact: 0.1,
  },
  { temp_flow: -0.5, starts: 0, power: Math.fround(0.1), energy: -0.001, exact: -1e-310 },
  { starts: 1, exact: -2.5 },
  {},
  { temp_flow: 0, power: -3, energy: 4_294_967.296, exact: Number.MAX_VALUE },
];

const snapshots = values.map(
  (row, k): Snapshot => ({
    deviceId: "heatpump",
    takenAtMs: START + 60_000 * k + 7 * k,
    monotonicMs: 0,
    clockSynced: true,
    readings: Object.entries(row).map(([metric, value]) => ({ metric, value, quality: "good" })),
  }),
);

describe("readRows", () => {
  it.each(CODECS)("gives back every encoding from codec $number, $name", ({ number }) => {
    const stream = { deviceId: "heatpump", table, stepMs: 60_000 };
    const [sealed, ...more] = sealSnapshots(snapshots, stream, number);
    if (sealed === undefined) throw new Error("nothing was sealed");
    expect(more).toEqual([]);
    const into = createColumns(table, 1);
    const rows = Array.from(readRows(openSealed(sealed, table, into), table));
    expect(rows.map((row) => row.atMs)).toEqual(snapshots.map((one) => one.takenAtMs));
    expect(rows.map((row) => Object.fromEntries(row.values))).toEqual(values);
    expect(sealed.readings).toBe(values.flatMap((row) => Object.keys(row)).length);
  });
});
