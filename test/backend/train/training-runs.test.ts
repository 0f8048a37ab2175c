/** An operator who began a training must be able to see what became of it, also after a crash. */
import { describe, expect, it } from "vitest";
import { createFakeTraining, REPORT } from "../../support/fake-training.js";

async function serve(nowMs?: () => number) {
  const fake = createFakeTraining(nowMs);
  const ending = new AbortController();
  const lived = fake.runs.live(ending.signal);
  const stop = async () => {
    ending.abort();
    await lived;
  };
  return { ...fake, stop };
}

/** Everything that was begun has had its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

describe("training on demand", () => {
  it("begins at once, says where it is, and ends with what came of it", async () => {
    let now = 1_000;
    const { desk, finish } = await serve(() => now);
    const begun = await desk.start({ heatpumpModel: REPORT.heatpumpModel, isDry: true });
    expect(begun).toMatchObject({ id: 1, state: "running", isOnDemand: true, isDry: true });
    now = 4_000;
    expect((await desk.runs()).at(-1)).toMatchObject({
      ...{ id: 1, state: "running", durationMs: 3_000, detail: "read: 50 of 310 months" },
    });
    finish();
    await settle();
    now = 9_000;
    const [run] = await desk.runs();
    expect(run).toMatchObject({ id: 1, state: "done", durationMs: 3_000, detail: "" });
    const { card: _, ...facts } = REPORT;
    expect(run?.models).toEqual([{ ...facts, version: "v2026.10" }]);
  });

  it("is one at a time, whoever asks", async () => {
    const { desk, runs, finish, stop } = await serve();
    const scheduled = runs.training.train({}, new AbortController().signal);
    await settle();
    await expect(desk.start({})).rejects.toMatchObject({ code: "UNAVAILABLE" });
    finish();
    expect(await scheduled).toEqual([REPORT]);
    const next = await desk.start({});
    expect(next.id).toBe(2);
    expect((await desk.runs()).map(({ isOnDemand }) => isOnDemand)).toEqual([false, true]);
    finish();
    await stop();
  });

  it("does not begin for a heat pump model that nobody has", async () => {
    const { desk } = await serve();
    const order = { heatpumpModel: "acme/none" };
    await expect(desk.start(order)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await desk.runs()).toEqual([]);
  });

  it("does not begin where another process trains", async () => {
    const { desk } = createFakeTraining();
    await expect(desk.start({})).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("tells why a run failed", async () => {
    const { desk, finish } = await serve();
    await desk.start({});
    finish(new Error("the disk is full"));
    await settle();
    expect((await desk.runs()).at(-1)).toMatchObject({
      ...{ state: "failed", detail: "the disk is full", models: [] },
    });
  });

  it("that a process did not live to end is told as failed", async () => {
    const { desk, store } = await serve();
    await desk.start({});
    const record = await store.record("train/runs");
    const after = createFakeTraining();
    await after.store.putRecord("train/runs", record ?? new Uint8Array());
    expect(await after.desk.runs()).toMatchObject([
      { id: 1, state: "failed", detail: "the backend ended before it was through" },
    ]);
  });

  it("keeps the newest fifty runs", async () => {
    const { desk, finish } = await serve();
    for (let run = 0; run < 53; run++) {
      await desk.start({});
      finish();
      await settle();
    }
    const ids = (await desk.runs()).map(({ id }) => id);
    expect([ids.length, ids.at(0), ids.at(-1)]).toEqual([50, 4, 53]);
  });
});
