/**
 * Disks that refuse and disks that lie: ENOSPC, EIO and a read-only file system at any change of a
 * file, for any time, at both ends; the power going on top of it; flipped bits, cut and missing
 * files in what a backlog has left behind.
 */
import { runDiskJobs } from "./disk-job.js";
import type { Request, Tally } from "./suite.js";

const SEEDS_USUAL = 40;

export function run(request: Request): Promise<Tally> {
  return runDiskJobs("storage", request, SEEDS_USUAL);
}
