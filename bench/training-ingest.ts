/**
 * `ingest-while-training`: how long a batch waits for its acknowledgement while a model is trained in
 * the same process, against the same process at rest. Through the rooms of the door and a real store:
 * admitted, decoded, counted, written with a sync. Serving must not suffer: 1.2 times at most is the
 * aim, on a machine with a core to spare.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type * as level from "../backend/store/level-snapshot-store.js";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import type * as threads from "../backend/train/thread-fitter.js";
import { createFakeClock } from "../test/support/fake-clock.js";
import { installationId, makeBatch, openBed, openDelivery } from "../test/support/pool-bed.js";
import { MODEL, openTraining, sendTable } from "../test/support/training-bed.js";
import { type BenchOptions, skipCase } from "./harness.js";
import { simulateFleet } from "./simulated/fleet.js";

const BUILT = new URL("../dist/backend/train/thread-fitter.js", import.meta.url);
const START_MS = Date.parse("2026-10-01T00:00:00Z");
const NOW_MS = Date.parse("2026-11-01T03:30:00Z");
const DAYS = 31;
const INSTALLATIONS = 8;
const INSTALLATIONS_SHORT = 5;
/** An hour of one home at a minute each, as economy daemons send. */
const ROWS = 60;
/** Batches a second, so that none waits for the one before. */
const GAP_MS = 20;
const QUIET_BATCHES = 500;
const QUIET_BATCHES_SHORT = 100;

type Store = Awaited<ReturnType<typeof level.openLevelSnapshotStore>>;

/** Prints its line. */
export async function measureIngestWhileTraining({ short }: BenchOptions): Promise<void> {
  if (!existsSync(BUILT)) return skipCase("training", "ingest-while-training", "npm run build");
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  const store = await openLevelSnapshotStore({ folder });
  try {
    await fill(store, short ? INSTALLATIONS_SHORT : INSTALLATIONS);
    await compare(store, short ? QUIET_BATCHES_SHORT : QUIET_BATCHES);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(store: Store, installations: number): Promise<void> {
  const fleet = { seed: 9, installations, startMs: START_MS, days: DAYS, poisonedShare: 0 };
  for (const [column, member] of [...simulateFleet(fleet)].entries())
    await sendTable(store, member.installationId, member.table, { column });
}

async function compare(store: Store, batches: number): Promise<void> {
  const take = await createSender(store);
  const during: number[] = [];
  const before = await sendUntil(take, (sent) => sent >= batches);
  const training = train(store);
  let isOver = false;
  const end = training.finally(() => {
    isOver = true;
  });
  during.push(...(await sendUntil(take, () => isOver)));
  const outcome = await end;
  const after = await sendUntil(take, (sent) => sent >= batches);
  const quiet = [...before, ...after];
  const [still, busy] = [shareOf(quiet, 0.99), shareOf(during, 0.99)];
  console.log(
    JSON.stringify({
      ...{ bench: "training", case: "ingest-while-training", unit: "ms, p99" },
      baseline: { name: "the same process at rest", value: round(still) },
      ours: round(busy),
      ratio: round(still / busy),
      ...{ rounds: 1, spread: 0, node: process.version, load: [loadavg()[0] ?? 0] },
      also: {
        timesAtRest: round(busy / still),
        medianTimesAtRest: round(shareOf(during, 0.5) / shareOf(quiet, 0.5)),
        ...{ batchesAtRest: quiet.length, batchesDuring: during.length, outcome },
        ...{ rows: ROWS, threads: threadCount(), cores: availableParallelism() },
      },
    }),
  );
}

/** Sends a batch and waits for it; resolves with the milliseconds it took. */
async function createSender(store: Store): Promise<() => Promise<number>> {
  const clock = createFakeClock(NOW_MS);
  const bed = await openBed(store, clock);
  const delivery = await openDelivery(bed, installationId(990_001));
  const rows = Array.from({ length: ROWS }, (_, row) => [50 + (row % 7), 350 + (row % 11), 120]);
  let sequence = 1;
  return async () => {
    const fromMs = START_MS + sequence * ROWS * 60_000;
    const batch = makeBatch(sequence++, fromMs, rows);
    const began = performance.now();
    await delivery.take(batch);
    return performance.now() - began;
  };
}

async function sendUntil(
  take: () => Promise<number>,
  isEnough: (sent: number) => boolean,
): Promise<readonly number[]> {
  const took: number[] = [];
  while (!isEnough(took.length)) {
    took.push(await take());
    await sleep(GAP_MS);
  }
  return took;
}

async function train(store: Store): Promise<string> {
  const { createThreadFitter } = (await import(BUILT.href)) as typeof threads;
  const { training } = await openTraining(store, NOW_MS, {
    openFitter: () => createThreadFitter(threadCount()),
  });
  const [report] = await training.train({ heatpumpModel: MODEL }, new AbortController().signal);
  return report?.outcome ?? "none";
}

/** As a backend that serves: one core is left to whoever takes batches. */
function threadCount(): number {
  return Math.max(1, availableParallelism() - 1);
}

function shareOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
