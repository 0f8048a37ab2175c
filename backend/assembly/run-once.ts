/** What one process does, however many there are: jobs, feeding the engine, signing again. */
import { createReleaseJob } from "../aggregate/release-job.js";
import { runResigning } from "../catalogue/run-resigning.js";
import { runQualityBook } from "../operation/quality-book.js";
import { createRetentionJob } from "../privacy/retention.js";
import { createSchedule } from "../schedule/create-schedule.js";
import { createTrainingJob } from "../train/training-job.js";
import type { Engines } from "./engines.js";
import { type BackendParts, reportFault } from "./parts.js";
import { runTogether } from "./processes.js";
import type { Rooms } from "./rooms.js";

export async function runOnce(
  parts: BackendParts,
  engines: Engines,
  { behind, retention, learning, book, jobs, models, vitals }: Rooms,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = parts;
  const onFault = (fault: unknown): void => reportFault(parts, fault);
  const schedule = await createSchedule({
    ...{ store: engines.store, clock, onFault },
    jobs: [
      createRetentionJob({ ...retention, clock }),
      createReleaseJob(behind.community, parts.config.statistics.releaseMinuteOfDay),
      createTrainingJob({
        training: learning.runs.training,
        publish:
          models !== undefined && parts.config.catalogue.autoSign
            ? learning.desk.publish
            : undefined,
        onReport: ({ modelId, outcome, installations, reasons }) =>
          parts.log("info", "training.model", {
            ...{ modelId, outcome, installations, reasons: reasons.join("; ") },
          }),
      }),
    ],
    onRun(run) {
      vitals.jobRan(run);
      const { job, durationMs, outcome, detail } = run;
      const level = outcome === "done" ? "info" : "error";
      parts.log(level, "schedule.ran", { job, durationMs, outcome, detail });
    },
  });
  jobs.schedule = schedule;
  const keepBook = (until: AbortSignal): Promise<void> =>
    runQualityBook(book, { clock, onFault }, until);
  const resign = (until: AbortSignal): Promise<void> =>
    models === undefined
      ? Promise.resolve()
      : runResigning({ catalogue: models.catalogue, clock, onFault }, until);
  try {
    await runTogether([schedule.live, learning.runs.live, engines.feed, resign, keepBook], signal);
  } finally {
    jobs.schedule = undefined;
  }
}
