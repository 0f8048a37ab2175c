/** An owner who brings a year of values along need not wait three weeks for a model. */
import { expect, it } from "vitest";
import { simulateHeatPump } from "../../../bench/heat-pump-simulator.js";
import { rowsOfTable } from "../../../bench/simulated/record.js";
import { createMemoryRows } from "../../../daemon/model/memory-rows.js";
import { temporaryFolder } from "../../support/folder.js";
import { DEVICE_ID, openScorerBed, toSnapshot } from "../../support/scorer-bed.js";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2024-11-01T00:00:00Z");
const DAYS = 24;

it("what the house remembers is learnt as if it had been lived", async () => {
  const table = simulateHeatPump({ seed: 71, startMs: START_MS, days: DAYS });
  async function* past() {
    for (const { atMs, reading } of rowsOfTable(table)) yield toSnapshot(atMs, reading);
  }
  const [livedRows, rows] = [createMemoryRows(), createMemoryRows()];
  const lived = await openScorerBed(temporaryFolder(), { rows: livedRows, rules: { daysMin: 99 } });
  await lived.feed(table);

  const bed = await openScorerBed(temporaryFolder(), { rows, past });
  // The last days are lived here, too: what is there already stays as it is.
  await bed.feed(table, START_MS + (DAYS - 3) * DAY_MS);
  const before = await rows.read(DEVICE_ID, START_MS / DAY_MS + DAYS - 2);
  await bed.scorer.relearn(DEVICE_ID);
  expect(await rows.read(DEVICE_ID, START_MS / DAY_MS + DAYS - 2)).toEqual(before);
  expect(bed.scorer.devices()[0]?.model).toMatchObject({ source: "local", local: { days: DAYS } });
  const day = START_MS / DAY_MS + 10;
  expect(await rows.read(DEVICE_ID, day)).toEqual(await livedRows.read(DEVICE_ID, day));
  await lived.stop();
  await bed.stop();
}, 300_000);

it("a house that remembers nothing is told what is missing", async () => {
  async function* past() {}
  const bed = await openScorerBed(temporaryFolder(), { past });
  await expect(bed.scorer.relearn(DEVICE_ID)).rejects.toThrow(/too little to learn from/);
  await bed.stop();
});
