/**
 * The arithmetic of training in worker threads with bounded memory, so that the thread that takes
 * batches stays free. A task is given to a thread that is idle; nothing queues in between. Closing
 * ends tasks in their middle: whoever stops a backend does not wait for minutes of arithmetic.
 */
import { Worker } from "node:worker_threads";
import { HeatpoolError } from "#core/errors.js";
import type { MonthFit, MonthTask } from "./fit-month.js";
import type { Fitter } from "./learn-fleet.js";
import type { ModelResult, ModelTask } from "./make-model.js";

/** What a worker is given. */
export type WorkerTask =
  | { readonly kind: "month"; readonly month: MonthTask }
  | { readonly kind: "model"; readonly model: ModelTask };

/** What it answers. */
export type WorkerAnswer = { readonly result: MonthFit | ModelResult } | { readonly fault: string };

/** Memory of one worker. */
const WORKER_MIB = 256;

interface Thread {
  readonly worker: Worker;
  isBusy: boolean;
}

/** @param threads how many; one core is left to whoever takes batches */
export function createThreadFitter(threads: number): Fitter {
  const size = Math.max(1, threads);
  const all: Thread[] = [];
  const waiting: { take(thread: Thread): void; refuse(): void }[] = [];
  let isClosed = false;

  const open = (): Thread => {
    const worker = new Worker(new URL("./fit-worker.js", import.meta.url), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: WORKER_MIB },
    });
    const thread = { worker, isBusy: true };
    all.push(thread);
    return thread;
  };
  const take = async (): Promise<Thread> => {
    if (isClosed) throw stopped();
    const idle = all.find(({ isBusy }) => !isBusy);
    if (idle !== undefined) {
      idle.isBusy = true;
      return idle;
    }
    if (all.length < size) return open();
    return await new Promise((resolve, reject) => {
      waiting.push({ take: resolve, refuse: () => reject(stopped()) });
    });
  };
  const giveBack = (thread: Thread): void => {
    const next = waiting.shift();
    if (next === undefined) thread.isBusy = false;
    else if (all.includes(thread)) next.take(thread);
    else next.take(open());
  };
  const run = async (
    task: WorkerTask,
    given: readonly ArrayBuffer[] = [],
  ): Promise<MonthFit | ModelResult> => {
    const thread = await take();
    try {
      return await ask(thread.worker, task, given);
    } catch (fault) {
      // A thread that ran out of memory is gone; the next task gets a new one.
      if (thread.worker.threadId < 0) all.splice(all.indexOf(thread), 1);
      throw fault;
    } finally {
      giveBack(thread);
    }
  };
  return {
    size,
    fit: async (month) => (await run({ kind: "month", month })) as MonthFit,
    make: async (model) => (await run({ kind: "model", model }, sumsOf(model))) as ModelResult,
    async close() {
      isClosed = true;
      for (const { refuse } of waiting.splice(0)) refuse();
      await Promise.all(all.map(({ worker }) => worker.terminate()));
      all.length = 0;
    },
  };
}

function stopped(): HeatpoolError {
  return new HeatpoolError("UNAVAILABLE", "training was stopped");
}

/** Sums of a fleet are given away, not copied: nobody looks at them here after that. */
function sumsOf({ contributions }: ModelTask): readonly ArrayBuffer[] {
  const buffers = contributions.flatMap(({ statistics }) =>
    statistics.sums.map(({ buffer }) => buffer),
  );
  return [...new Set(buffers)].filter((one) => one instanceof ArrayBuffer);
}

function ask(
  worker: Worker,
  task: WorkerTask,
  given: readonly ArrayBuffer[],
): Promise<MonthFit | ModelResult> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    };
    const onMessage = (answer: WorkerAnswer): void => {
      end();
      if ("result" in answer) resolve(answer.result);
      else
        reject(new HeatpoolError("INVALID_ARGUMENT", `a month cannot be learnt: ${answer.fault}`));
    };
    const onError = (fault: Error): void => {
      end();
      reject(fault);
    };
    const onExit = (): void => {
      end();
      reject(stopped());
    };
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage(task, given);
  });
}
