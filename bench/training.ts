/**
 * `npm run -s bench -- training`: what learning costs. Each detector has its own
 * file beside this one.
 */
import type { BenchOptions } from "./harness.js";
import { measureFleet } from "./training-fleet.js";
import { measureScoreAtHome } from "./training-home.js";
import { measureHst } from "./training-hst.js";
import { measureIngestWhileTraining } from "./training-ingest.js";
import { measureNormal } from "./training-normal.js";

/** Runs them one after another. */
export async function run(options: BenchOptions): Promise<void> {
  if (options.installations !== undefined) return await measureFleet(options);
  await measureHst(options);
  await measureNormal(options);
  await measureFleet(options);
  await measureIngestWhileTraining(options);
  await measureScoreAtHome(options);
}
