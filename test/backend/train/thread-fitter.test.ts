/** Worker threads of training: the same bits as in this thread, and nothing left behind. */
import { existsSync } from "node:fs";
import { expect, it, vi } from "vitest";
import type { InstallationState } from "../../../backend/registry/registry.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import type { MonthTask } from "../../../backend/train/fit-month.js";
import { fitMonth } from "../../../backend/train/fit-month.js";
import { createInlineFitter } from "../../../backend/train/inline-fitter.js";
import { learnInstallations } from "../../../backend/train/learn-fleet.js";
import { monthsBefore } from "../../../backend/train/month.js";
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

it.skipIf(!existsSync(BUILT))(
  "a run that is stopped ends in the middle of judging (needs dist, see scripts/build.mjs)",
  async () => {
    const { createThreadFitter } = (await import(BUILT.href)) as typeof threads;
    const store = createMemorySnapshotStore();
    const startMs = Date.parse("2026-10-17T00:00:00Z");
    const table = simulateHeatPump({ seed: 5, startMs, days: 15 });
    for (const column of [1, 2, 3, 4, 5]) {
      const noise = column / 100;
      const distort = (_: string, value: number) => value + noise;
      await sendTable(store, ID.replace(/1$/, String(column)), table, { column, distort });
    }
    const stop = new AbortController();
    const { training } = await openTraining(store, Date.parse("2026-11-01T03:30:00Z"), {
      openFitter: () => createThreadFitter(2),
      onProgress: (text) => {
        if (text.includes("judging")) setImmediate(() => stop.abort());
      },
    });
    const run = training.train({ heatpumpModel: MODEL }, stop.signal);
    await expect(run).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await store.recordNames("train/candidate/")).toEqual([]);
    // What was summed stays: the next run goes on from there.
    expect(await store.recordNames("train/month/")).toHaveLength(5);
    const sums = vi.fn(async (task: MonthTask) => fitMonth(task));
    const enough = new Error("the sums are there");
    const again = await openTraining(store, Date.parse("2026-11-01T03:30:00Z"), {
      openFitter: () => ({
        ...createInlineFitter(),
        fit: (task) => sums(task),
        make: () => Promise.reject(enough),
      }),
    });
    const goOn = again.training.train({ heatpumpModel: MODEL }, new AbortController().signal);
    await expect(goOn).rejects.toBe(enough);
    expect(sums).not.toHaveBeenCalled();
  },
  300_000,
);

it("a month that cannot be read is left out by name, and costs nobody else the model", async () => {
  const store = createMemorySnapshotStore();
  const table = simulateHeatPump({ seed: 5, startMs: START_MS - 20 * 86_400_000, days: 16 });
  const ids = [ID, ID.replace(/1$/, "2")];
  for (const [column, id] of ids.entries()) await sendTable(store, id, table, { column });
  let turn = 0;
  const fitter = {
    ...createInlineFitter(),
    fit: async (task: MonthTask) => {
      if (turn++ === 0) throw new RangeError("Worker terminated: out of memory");
      return fitMonth(task);
    },
  };
  const members: InstallationState[] = [];
  for await (const state of store.installations()) members.push(state);
  const fleet = await learnInstallations(
    {
      store,
      fitter,
      signal: new AbortController().signal,
      isDry: true,
      onProgress: () => undefined,
    },
    members,
    new Set([MODEL]),
    monthsBefore(START_MS, 1),
  );
  expect(fleet.unusable.map(({ reason }) => reason)).toEqual(["a month cannot be read"]);
  expect(fleet.contributions).toHaveLength(1);
});
