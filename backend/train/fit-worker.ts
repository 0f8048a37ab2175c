/** A worker thread of training: takes one task at a time, answers with its result or its fault. */
import { parentPort } from "node:worker_threads";
import { fitMonth } from "./fit-month.js";
import { makeModel } from "./make-model.js";
import type { WorkerAnswer, WorkerTask } from "./thread-fitter.js";

parentPort?.on("message", (task: WorkerTask) => {
  parentPort?.postMessage(answer(task));
});

function answer(task: WorkerTask): WorkerAnswer {
  try {
    const result = task.kind === "month" ? fitMonth(task.month) : makeModel(task.model);
    return { result };
  } catch (fault) {
    return { fault: fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault) };
  }
}
