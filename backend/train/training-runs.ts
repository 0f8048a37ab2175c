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
    const end = (more: Pick<TrainingRun, "state" | "detail" | "models">): TrainingRun => {
      const durationMs = clock.nowMs() - begun.startedAtMs;
      current = undefined;
      return { ...begun, ...more, durationMs };
    };
    try {
      const reports = await training.train(order, signal);
      await write(end({ state: "done", detail: "", models: reports.map(toTrained) }));
      return reports;
    } catch (fault) {
      const detail = fault instanceof Error ? fault.message : String(fault);
      await write(end({ state: "failed", detail, models: [] })).catch(onFault);
      throw fault;
    }
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
      const known = (await read()).map((one) => (one.id === current?.id ? one : toEnded(one)));
      if (current === undefined) return known;
      const now = { ...current, durationMs: clock.nowMs() - current.startedAtMs };
      return [...known.filter(({ id }) => id !== now.id), now];
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
