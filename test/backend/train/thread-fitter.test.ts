/** Worker threads of training: the same bits as in this thread, and nothing left behind. */
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import type { MonthTask } from "../../../backend/train/fit-month.js";
import { fitMonth } from "../../../backend/train/fit-month.js";
import { readBlocks } from "../../../backend/train/read-blocks.js";
import type * as threads from "../../../backend/train/thread-fitter.js";
import { simulateHeatPump } from "../../../bench/heat-pump-simulator.js";
import { FLEET_TABLE, MODEL, openTraining, sendTable } from "../../support/training-bed.js";

const BUILT = new URL("../../../dist/backend/train/thread-fitter.js", import.meta.url);
const ID = "00000000-0000-4000-8000-000000000001";
const START_MS = Date.parse("2026-11-01T00:00:00Z");

it.skipIf(!existsSync(BUILT))(
  "months are summed to the same bits in threads (needs dist, see scripts/build.mjs)",
  async () => {
    const { createThreadFitter } = (await import(BUILT.href)) as typeof threads;
    const store = createMemorySnapshotStore();
    await sendTable(store, ID, simulateHeatPump({ seed: 5, startMs: START_MS, days: 3 }));
    const days = { fromDay: START_MS / 86_400_000, toDay: START_MS / 86_400_000 + 3 };
    const source = { installationId: ID, deviceId: "heatpump", heatpumpModel: MODEL, ...days };
    const read = await readBlocks(store, [FLEET_TABLE], source);
    if (read === undefined) throw new Error("nothing was sent");
    const task: MonthTask = { ...read, ...days };
    const fitter = createThreadFitter(2);
    const fits = await Promise.all([1, 2, 3, 4, 5].map(() => fitter.fit(task)));
    for (const fit of fits) expect(fit).toEqual(fitMonth(task));
    // A damaged block is a fault of its month, and the thread goes on.
    const [first] = read.blocks;
    if (first === undefined) throw new Error("no block");
    const damaged = { ...first, block: first.block.slice(0, 5) };
    await expect(fitter.fit({ ...task, blocks: [damaged] })).rejects.toThrow("cannot be learnt");
    expect(await fitter.fit(task)).toEqual(fits[0]);
    await fitter.close();
  },
  300_000,
);

it.skipIf(!existsSync(BUILT))(
  "a model is the same bytes with one thread and with three (needs dist, see scripts/build.mjs)",
  async () => {
    const { createThreadFitter } = (await import(BUILT.href)) as typeof threads;
    const startMs = Date.parse("2026-10-10T00:00:00Z");
    const nowMs = Date.parse("2026-11-01T03:30:00Z");
    const contents: string[] = [];
    for (const size of [1, 3]) {
      const store = createMemorySnapshotStore();
      for (const seed of [1, 2, 3, 4, 5]) {
        const table = simulateHeatPump({ seed, startMs, days: 22 });
        await sendTable(store, ID.replace(/1$/, String(seed)), table, { column: seed });
      }
      const { training } = await openTraining(store, nowMs, {
        openFitter: () => createThreadFitter(size),
      });
      const [report] = await training.train({ heatpumpModel: MODEL }, new AbortController().signal);
      expect(report?.card?.machineMonths).toBeGreaterThan(3);
      contents.push(Buffer.from(report?.content ?? []).toString());
    }
    expect(contents[0]?.length).toBeGreaterThan(1_000);
    expect(contents[1]).toBe(contents[0]);
  },
  300_000,
);
