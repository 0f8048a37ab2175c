/**
 * Runs of training, recorded: what was asked for, how far it is, what came of it. A run that a
 * process did not live to end is told as failed.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { Training, TrainingOrder, TrainingReport } from "./training.js";
import type { TrainedModel, TrainingDesk, TrainingRun } from "./training-desk.js";

/** What runs are recorded with. */
export interface TrainingRunsDeps {
  readonly store: Pick<SnapshotStore, "record" | "putRecord">;
  readonly clock: Pick<Clock, "nowMs">;
  /** @param onProgress told where the run is */
  readonly open: (onProgress: (text: string) => void) => Training;
  readonly onFault: (fault: unknown) => void;
}

/** Training whose runs are recorded, and runs on demand. */
export interface TrainingRuns extends Pick<TrainingDesk, "start" | "runs"> {
  /** For whoever waits for the end: the schedule, a command. */
  readonly training: Training;
  /** Lives until the signal and the end of the run that it stops. Without it nothing starts. */
  live(signal: AbortSignal): Promise<void>;
}

const RECORD = "train/runs";
/** Runs that are kept. */
const RUNS_MAX = 50;

export function createTrainingRuns(deps: TrainingRunsDeps): TrainingRuns {
  const { store, clock, onFault } = deps;
  let current: TrainingRun | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  let until: AbortSignal | undefined;
  const training = deps.open((detail) => {
    if (current !== undefined) current = { ...current, detail };
  });
  const read = async (): Promise<TrainingRun[]> => {
    const bytes = await store.record(RECORD);
    return bytes === undefined ? [] : JSON.parse(Buffer.from(bytes).toString("utf8"));
  };
  const write = async (run: TrainingRun): Promise<void> => {
    const others = (await read()).filter(({ id }) => id !== run.id);
    const kept = [...others.map(toEnded), run].slice(-RUNS_MAX);
    await store.putRecord(RECORD, Buffer.from(JSON.stringify(kept), "utf8"));
  };
  const begin = async (order: TrainingOrder, isOnDemand: boolean): Promise<TrainingRun> => {
    if (current !== undefined) throw new HeatpoolError("UNAVAILABLE", "training runs already");
    const begun: TrainingRun = {
      id: 0,
      heatpumpModel: order.heatpumpModel ?? "",
      since: order.since ?? "",
      isDry: order.isDry === true,
      isOnDemand,
      startedAtMs: clock.nowMs(),
      durationMs: 0,
      state: "running",
      detail: "",
      models: [],
    };
    // Nobody else begins while the number is looked up.
    current = begun;
    try {
      current = { ...begun, id: ((await read()).at(-1)?.id ?? 0) + 1 };
      await write(current);
      return current;
    } catch (fault) {
      current = undefined;
      throw fault;
    }
  };
  const go = async (
    order: TrainingOrder,
    begun: TrainingRun,
    signal: AbortSignal,
  ): Promise<readonly TrainingReport[]> => {
    const end = async (more: Pick<TrainingRun, "state" | "detail" | "models">): Promise<void> => {
      // Told as it ended even before it is written.
      current = { ...begun, ...more, durationMs: clock.nowMs() - begun.startedAtMs };
      await write(current).finally(() => {
        current = undefined;
      });
    };
    let reports: readonly TrainingReport[];
    try {
      reports = await training.train(order, signal);
    } catch (fault) {
      const detail = fault instanceof Error ? fault.message : String(fault);
      await end({ state: "failed", detail, models: [] }).catch(onFault);
      throw fault;
    }
    await end({ state: "done", detail: "", models: reports.map(toTrained) });
    return reports;
  };
  return {
    training: {
      check: training.check,
      async train(order, signal) {
        const run = go(order, await begin(order, false), signal);
        ended = run.catch(() => undefined);
        return await run;
      },
    },
    async start(order) {
      const signal = until;
      if (signal === undefined || signal.aborted)
        throw new HeatpoolError("UNAVAILABLE", "this process does not train at present", {
          hint: "Of several processes one trains: ask that one.",
        });
      training.check(order);
      const begun = await begin(order, true);
      ended = go(order, begun, signal).catch((fault: unknown) => {
        if (!signal.aborted) onFault(fault);
      });
      return begun;
    },
    async runs() {
      // Looked at first: what ends meanwhile is told as running, never as lost.
      const now = current;
      const known = (await read()).map((one) => (one.id === now?.id ? one : toEnded(one)));
      if (now === undefined) return known;
      const others = known.filter(({ id }) => id !== now.id);
      if (now.state !== "running") return [...others, now];
      return [...others, { ...now, durationMs: clock.nowMs() - now.startedAtMs }];
    },
    async live(signal) {
      until = signal;
      if (!signal.aborted)
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      until = undefined;
      await ended;
    },
  };
}

function toEnded(run: TrainingRun): TrainingRun {
  if (run.state !== "running") return run;
  return { ...run, state: "failed", detail: "the backend ended before it was through" };
}

function toTrained({ card, content: _, ...report }: TrainingReport): TrainedModel {
  return { ...report, version: card?.version ?? "" };
}
