/**
 * Power cuts: what was synced is there afterwards, and of the rest whatever chance leaves. Real
 * LevelDB and our own files on a watched disk; each seed is a history, cut at many points.
 */
import { runDiskJobs } from "./disk-job.js";
import type { Request, Tally } from "./suite.js";

const SEEDS_USUAL = 40;

export function run(request: Request): Promise<Tally> {
  return runDiskJobs("power", request, SEEDS_USUAL);
}
