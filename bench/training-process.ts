/**
 * Trains one model from the store in a folder, alone in a process, with the worker threads of the
 * built program; says what it took.
 */
import { availableParallelism } from "node:os";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import type * as threads from "../backend/train/thread-fitter.js";
import { MODEL, openTraining } from "../test/support/training-bed.js";

/** What training took. */
export interface Trained {
  /** CPU of all threads, and of them until the months were summed. */
  readonly cpuSeconds: number;
  readonly monthSeconds: number;
  readonly wallSeconds: number;
  /** The most memory that the process ever held. */
  readonly peakMiB: number;
  readonly threads: number;
  readonly outcome: string;
}

const NOW_MS = Date.parse("2026-11-01T03:30:00Z");
const BUILT = new URL("../dist/backend/train/thread-fitter.js", import.meta.url);

const [folder = ""] = process.argv.slice(2);
const { createThreadFitter } = (await import(BUILT.href)) as typeof threads;
const size = Math.max(1, availableParallelism() - 1);
const store = await openLevelSnapshotStore({ folder });
let monthSeconds = 0;
const began = performance.now();
const { training } = await openTraining(store, NOW_MS, {
  openFitter: () => createThreadFitter(size),
  onProgress(text) {
    console.error(text);
    if (text.includes("solving")) monthSeconds = cpuSeconds();
  },
});
const [report] = await training.train({ heatpumpModel: MODEL }, new AbortController().signal);
await store.close();
const trained: Trained = {
  ...{ cpuSeconds: cpuSeconds(), monthSeconds, threads: size },
  wallSeconds: (performance.now() - began) / 1e3,
  peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  outcome: [report?.outcome ?? "", ...(report?.reasons ?? [])].join("; "),
};
console.log(JSON.stringify(trained));

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
