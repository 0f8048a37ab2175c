/**
 * Training on the first night of a month. What passes every gate is handed on only where somebody
 * decided that models publish themselves; everywhere else it waits as a candidate.
 */
import { HeatpoolError } from "#core/errors.js";
import type { Job } from "../schedule/schedule.js";
import type { Training, TrainingReport } from "./training.js";
import type { CandidateDesk } from "./training-desk.js";

/** What the job works with. */
export interface TrainingJobDeps {
  readonly training: Training;
  /** Left out: candidates wait for the operator. */
  readonly publish?: CandidateDesk["publish"] | undefined;
  /** Told about every model of a run. */
  readonly onReport: (report: TrainingReport) => void;
}

export function createTrainingJob({ training, publish, onReport }: TrainingJobDeps): Job {
  return {
    name: "training",
    pattern: "30 3 1 * *",
    // A new backend has nothing to learn from.
    atFirstStart: false,
    async run(signal) {
      const reports = await training.train({}, signal);
      let published = 0;
      for (const report of reports) {
        onReport(report);
        const { outcome, modelId, card } = report;
        if (outcome !== "candidate" || card === undefined || publish === undefined) continue;
        await publish(modelId, card.version);
        published++;
      }
      if (signal.aborted) throw new HeatpoolError("UNAVAILABLE", "stopped before it was through");
      const count = (outcome: TrainingReport["outcome"]): number =>
        reports.filter((one) => one.outcome === outcome).length;
      return {
        candidates: count("candidate"),
        refused: count("refused"),
        skipped: count("skipped"),
        published,
      };
    },
  };
}
