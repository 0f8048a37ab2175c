/** `heatpool-backend training start|runs`: training in a backend that serves. */
import type { TrainedModel, TrainingRun } from "../train/training-desk.js";
import { type AdminOptions, describeTime, withAdmin } from "./admin.js";
import type { Machine } from "./machine.js";

/** What is to be trained. */
export interface StartOptions extends AdminOptions {
  readonly model?: string;
  readonly since?: string;
  readonly dryRun?: boolean;
}

/** @throws HeatpoolError `NOT_FOUND` nobody has that heat pump · `UNAVAILABLE` it trains already */
export async function startTraining(machine: Machine, options: StartOptions): Promise<void> {
  const { model, since, dryRun } = options;
  await withAdmin(machine, options, async ({ training }) => {
    const run = await training.start({
      ...(model !== undefined && { heatpumpModel: model }),
      ...(since !== undefined && { since }),
      isDry: dryRun === true,
    });
    machine.print(
      options.json
        ? JSON.stringify(run)
        : `Run ${run.id} began; \`training runs\` says how far it is.`,
    );
  });
}

/** @throws HeatpoolError `UNAVAILABLE` no backend answers */
export async function listRuns(machine: Machine, options: AdminOptions): Promise<void> {
  await withAdmin(machine, options, async ({ training }) => {
    const runs = await training.runs();
    if (options.json) return machine.print(JSON.stringify({ runs }));
    for (const run of runs) for (const line of describeRun(run)) machine.print(line);
    if (runs.length === 0) machine.print("Nothing was trained yet.");
  });
}

function describeRun(run: TrainingRun): string[] {
  const { id, startedAtMs, durationMs, state, detail, isDry, isOnDemand, heatpumpModel } = run;
  const what = [
    heatpumpModel || "all",
    isOnDemand ? "on demand" : "at its time",
    ...(isDry ? ["nothing kept"] : []),
  ];
  const took = `${(durationMs / 1_000).toFixed(1)} s`;
  const more = detail === "" ? "" : `: ${detail}`;
  return [
    `${id}  ${describeTime(startedAtMs)}  ${state} in ${took}  (${what.join(", ")})${more}`,
    ...run.models.flatMap(describeTrained),
  ];
}

function describeTrained({ modelId, outcome, version, installations, ...more }: TrainedModel) {
  return [
    `   ${modelId}: ${outcome}${version === "" ? "" : ` ${version}`}, ${installations} installations`,
    ...more.reasons.map((why) => `     ${why}`),
    ...Object.entries(more.leftOut).map(([why, count]) => `     left out: ${count}, ${why}`),
  ];
}
