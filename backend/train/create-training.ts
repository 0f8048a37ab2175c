/**
 * One training run over the heat pump models of the pool, one after another. The same blocks,
 * settings and version of this program give the same bytes.
 */
import { HeatpoolError } from "#core/errors.js";
import { pruneCandidates } from "./candidates.js";
import { pruneMonths } from "./kept-months.js";
import { type Month, monthsBefore, parseMonth } from "./month.js";
import { selectInstallations } from "./select.js";
import { GENERIC, trainModel } from "./train-model.js";
import type { Training, TrainingOrder, TrainingReport } from "./training.js";
import type { TrainingDeps } from "./training-deps.js";

export function createTraining(deps: TrainingDeps): Training {
  const { store, registry, clock } = deps;
  let isRunning = false;
  const known = (): string[] =>
    registry
      .models()
      .filter((model) => model !== "")
      .sort();
  const check = ({ heatpumpModel, since }: TrainingOrder): void => {
    if (since !== undefined) parseMonth(since);
    const models = known();
    if (heatpumpModel === undefined || heatpumpModel === GENERIC) return;
    if (models.includes(heatpumpModel)) return;
    throw new HeatpoolError("NOT_FOUND", `nobody contributes to ${heatpumpModel}`, {
      hint: `Known: ${models.join(", ") || "none"}.`,
    });
  };
  const run = async (order: TrainingOrder, signal: AbortSignal): Promise<TrainingReport[]> => {
    check(order);
    const nowMs = clock.nowMs();
    const since = order.since === undefined ? undefined : parseMonth(order.since);
    const periods = monthsBefore(nowMs, deps.windowMonths, since);
    const models = known();
    const asked = order.heatpumpModel;
    const wanted = asked === undefined ? [...models, GENERIC] : [asked];
    if (order.isDry !== true) await prune(deps, monthsBefore(nowMs, deps.windowMonths));
    const labelled = await deps.labelled?.();
    const fitter = deps.openFitter();
    const stop = (): void => void fitter.close();
    signal.addEventListener("abort", stop, { once: true });
    const reports: TrainingReport[] = [];
    try {
      for (const heatpumpModel of wanted) {
        const of = heatpumpModel === GENERIC ? models : [heatpumpModel];
        // With one model in the pool the generic one would be that one again.
        if (asked === undefined && heatpumpModel === GENERIC && models.length < 2) continue;
        const context = { fitter, periods, signal, isDry: order.isDry === true, labelled };
        reports.push(await trainModel(deps, heatpumpModel, of, context));
      }
    } finally {
      signal.removeEventListener("abort", stop);
      await fitter.close();
    }
    if (order.isDry !== true) await pruneCandidates(store, nowMs);
    return reports;
  };
  return {
    check,
    async train(order, signal) {
      if (isRunning) throw new HeatpoolError("UNAVAILABLE", "training runs already");
      isRunning = true;
      try {
        return await run(order, signal);
      } finally {
        isRunning = false;
      }
    },
  };
}

/** Sums of who left, and of months that are kept no longer, go before anything is learnt. */
async function prune(deps: TrainingDeps, window: readonly Month[]): Promise<void> {
  const { members } = selectInstallations(
    deps.registry.members(),
    { ...deps.rules, countUnverified: true, probationDays: 0 },
    deps,
  );
  const ids = members.map(({ installationId }) => installationId);
  await pruneMonths(deps.store, ids, window[0]?.name ?? "");
}
