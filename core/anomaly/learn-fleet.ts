/** From the rows of several machines of one model to a calibrated model of the family. */
import { calibrateNormal } from "./calibrate-normal.js";
import type { FeaturePlan } from "./feature-plan.js";
import type { NormalModel } from "./normal-model.js";
import { type RowBlock, rowsOf } from "./operating-row.js";
import { solveNormal } from "./solve-normal.js";
import { beginStatistics, learnRows } from "./statistics.js";
import { trimAround } from "./trim.js";

/** One machine's rows. */
export interface Machine {
  readonly installationId: string;
  readonly rows: RowBlock;
}

/**
 * Learns twice: the second time without rows that are far from their own machine's usual.
 *
 * @param others limits come from these machines when there are any, else from leaving one out
 */
export function learnFleet(
  plan: FeaturePlan,
  machines: readonly Machine[],
  others: readonly Machine[] = [],
): NormalModel {
  const begin = beginStatistics(plan);
  const first = machines.map(({ installationId, rows }) => ({
    installationId,
    statistics: learnRows(plan, begin, rowsOf(rows)),
  }));
  const rough = solveNormal(plan, first);
  const held = machines.map(({ installationId, rows }, index) => {
    const filter = trimAround(rough, first[index]?.statistics ?? begin);
    return { installationId, rows, statistics: learnRows(plan, begin, rowsOf(rows), filter) };
  });
  return calibrateNormal(
    plan,
    held,
    others.map(({ rows }) => rows),
  );
}
