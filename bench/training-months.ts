/** Months summed one by one and merged, against the same rows summed at once. */
import { CELLS_PER_DAY } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { rowAt, rowsOf, sliceRows } from "#core/anomaly/operating-row.js";
import { solveNormal } from "#core/anomaly/solve-normal.js";
import {
  beginStatistics,
  learnRows,
  mergeStatistics,
  type Statistics,
} from "#core/anomaly/statistics.js";
import { createMemorySnapshotStore } from "../backend/store/memory-snapshot-store.js";
import { cleanRows, gridDevice } from "../backend/train/fit-month.js";
import { judgeRows } from "../backend/train/judge-rows.js";
import { readBlocks } from "../backend/train/read-blocks.js";
import { FLEET_TABLE, MODEL, sendTable } from "../test/support/training-bed.js";
import type { Facts } from "./harness.js";
import type { SimulatedTable } from "./simulated/record.js";

const ID = "00000000-0000-4000-8000-000000000001";

/** The largest differences, each against the size of what differs. */
export async function differenceOfMonths(house: SimulatedTable): Promise<Facts> {
  const store = createMemorySnapshotStore();
  await sendTable(store, ID, house);
  const fromDay = Math.floor((house.timesMs[0] ?? 0) / 86_400_000);
  const toDay = Math.floor((house.timesMs[house.length - 1] ?? 0) / 86_400_000) + 1;
  const place = { installationId: ID, deviceId: "heatpump", heatpumpModel: MODEL };
  const read = await readBlocks(store, [FLEET_TABLE], { ...place, fromDay, toDay });
  if (read === undefined) throw new Error("nothing was sent");
  const { grid, readings } = gridDevice(read, fromDay, toDay);
  const { rows, findings } = cleanRows(grid);
  const plan = planFor(new Set(judgeRows(rows, findings, readings).channels));
  const begin = beginStatistics(plan);
  const middle = rowAt(rows, ((fromDay + toDay) >> 1) * CELLS_PER_DAY);
  const halves = [sliceRows(rows, 0, middle), sliceRows(rows, middle, rows.length)];
  const merged = halves.map((half) => learnRows(plan, begin, rowsOf(half))).reduce(mergeStatistics);
  const atOnce = learnRows(plan, begin, rowsOf(rows));
  const solve = (statistics: Statistics) =>
    solveNormal(plan, [{ installationId: ID, statistics }]).parts.map(({ beta }) => beta);
  return {
    mergedAgainstAtOnce: largestDifference(merged.sums, atOnce.sums),
    mergedModelAgainstAtOnce: largestDifference(solve(merged), solve(atOnce)),
  };
}

function largestDifference(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  let most = 0;
  for (const [index, numbers] of a.entries())
    for (const [place, value] of numbers.entries()) {
      const other = b[index]?.[place] ?? Number.NaN;
      const size = Math.max(Math.abs(value), Math.abs(other), Number.MIN_VALUE);
      most = Math.max(most, Math.abs(value - other) / size);
    }
  return Number(most.toPrecision(2));
}
