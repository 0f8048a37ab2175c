/**
 * `npm run -s bench -- training`: what learning costs. Each detector has its own
 * file beside this one; the last line holds the figures that have a target.
 */
import type { BenchOptions } from "./harness.js";
import { measureFleet } from "./training-fleet.js";
import { measureScoreAtHome } from "./training-home.js";
import { measureHst } from "./training-hst.js";
import { measureIngestWhileTraining } from "./training-ingest.js";
import { measureNormal } from "./training-normal.js";
import { printTargets } from "./training-targets.js";

/** Runs them one after another. */
export async function run(options: BenchOptions): Promise<void> {
  if (options.installations !== undefined) {
    await measureFleet(options);
    return;
  }
  const trees = await measureHst(options);
  const normal = await measureNormal(options);
  const fleet = await measureFleet(options);
  await measureIngestWhileTraining(options);
  const home = await measureScoreAtHome(options);
  printTargets({ cases: [...trees, ...normal, home], fleet });
}
