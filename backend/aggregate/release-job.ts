/** The daily release of statistics as a job, at a fixed time whoever asks in between. */
import { HeatpoolError } from "#core/errors.js";
import type { Job } from "../schedule/schedule.js";
import type { Community } from "./community.js";

/** @param minuteOfDay after midnight UTC */
export function createReleaseJob(community: Pick<Community, "release">, minuteOfDay: number): Job {
  return {
    name: "statistics",
    pattern: `${minuteOfDay % 60} ${Math.floor(minuteOfDay / 60)} * * *`,
    // An empty pool has nothing to release.
    atFirstStart: false,
    async run() {
      try {
        const { cohortsReleased, cohortsSuppressed } = await community.release();
        return { cohortsReleased, cohortsSuppressed };
      } catch (fault) {
        // The operator asked for one a little earlier; the next day has its own.
        if (fault instanceof HeatpoolError && fault.code === "TOO_SOON") {
          return { skipped: "within 20 hours of the last release" };
        }
        throw fault;
      }
    },
  };
}
