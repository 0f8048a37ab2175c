/** What should happen at night happens: once, made up for after downtime, and on record. */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { createSchedule, type ScheduleDeps } from "../../../backend/schedule/create-schedule.js";
import type { Job, JobRun } from "../../../backend/schedule/schedule.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { createFakeClock } from "../../support/fake-clock.js";

const START_MS = Date.UTC(2026, 10, 10, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** 03:15 of the day after the start. */
const FIRST_MS = Date.UTC(2026, 10, 11, 3, 15);

function bed(more: Partial<Job> = {}, deps: Partial<ScheduleDeps> = {}) {
  const clock = createFakeClock(START_MS);
  const store = createMemorySnapshotStore();
  const ranAt: number[] = [];
  const faults: unknown[] = [];
  const runs: JobRun[] = [];
  const job: Job = {
    name: "nightly",
    pattern: "15 3 * * *",
    atFirstStart: false,
    run: async () => {
      ranAt.push(clock.nowMs());
      return { removed: 3 };
    },
    ...more,
  };
  /** A process that is started and, after a while, stopped. */
  const live = async (forMs: number) => {
    const stop = new AbortController();
    const schedule = await createSchedule({
      ...{ jobs: [job], clock, store },
      onFault: (fault) => faults.push(fault),
      onRun: (run) => runs.push(run),
      ...deps,
    });
    const living = schedule.live(stop.signal);
    await clock.advance(forMs);
    stop.abort();
    await living;
    return schedule;
  };
  return { clock, ranAt, faults, runs, live, store, job };
}

describe("a job", () => {
  it("runs at its times and no more often", async () => {
    const { ranAt, live } = bed();
    await live(3 * DAY_MS);
    expect(ranAt).toEqual([FIRST_MS, FIRST_MS + DAY_MS, FIRST_MS + 2 * DAY_MS]);
  });

  it("that was missed is made up for once, at the next start", async () => {
    const { clock, ranAt, live, runs } = bed();
    await live(HOUR_MS);
    await clock.advance(5 * DAY_MS);
    const restartedAtMs = clock.nowMs();
    await live(HOUR_MS);
    expect(ranAt).toEqual([restartedAtMs]);
    expect(runs[0]?.dueMs).toBe(FIRST_MS + 4 * DAY_MS);
    await live(HOUR_MS);
    expect(ranAt).toHaveLength(1);
  });

  it("runs at a first start where that is wanted", async () => {
    const { ranAt, live } = bed({ atFirstStart: true });
    await live(HOUR_MS);
    await live(HOUR_MS);
    expect(ranAt).toEqual([START_MS]);
  });

  it("that failed is tried again soon, until it works, and both are on record", async () => {
    const disk: { isWell: boolean } = { isWell: false };
    const { clock, faults, live, runs } = bed({
      run: () => (disk.isWell ? Promise.resolve({}) : Promise.reject(new Error("disk full"))),
    });
    const seen = live(16 * HOUR_MS);
    await clock.advance(15.5 * HOUR_MS);
    disk.isWell = true;
    await seen;
    const outcomes = runs.map((one) => one.outcome);
    expect(outcomes.filter((one) => one === "failed").length).toBeGreaterThan(1);
    expect(outcomes.at(-1)).toBe("done");
    expect(runs[0]?.detail).toBe("disk full");
    expect(faults.length).toBe(outcomes.length - 1);
  });

  it("does not run by a clock that is not known to be right", async () => {
    const { clock, ranAt, live } = bed();
    clock.setSynced(false);
    await live(2 * DAY_MS);
    expect(ranAt).toEqual([]);
    clock.setSynced(true);
    await live(HOUR_MS);
    expect(ranAt).toHaveLength(1);
  });

  it("runs only where the process leads", async () => {
    let isLeader = false;
    const { ranAt, live } = bed({}, { mayLead: async () => isLeader });
    await live(DAY_MS);
    expect(ranAt).toEqual([]);
    isLeader = true;
    await live(DAY_MS);
    expect(ranAt.length).toBeGreaterThan(0);
  });

  it("keeps no other job waiting", async () => {
    const clock = createFakeClock(START_MS);
    const ran: string[] = [];
    const never = new Promise<never>(() => {});
    const schedule = await createSchedule({
      jobs: [
        { name: "long", pattern: "0 13 * * *", atFirstStart: false, run: () => never },
        {
          name: "short",
          pattern: "30 13 * * *",
          atFirstStart: false,
          run: async () => {
            ran.push("short");
            return {};
          },
        },
      ],
      clock,
      store: createMemorySnapshotStore(),
      onFault: () => {},
    });
    schedule.live(new AbortController().signal).catch(() => {});
    await clock.advance(2 * HOUR_MS);
    expect(ran).toEqual(["short"]);
    expect(schedule.states().find((one) => one.name === "long")?.isRunning).toBe(true);
    await expect(schedule.runNow("long")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("can be run by hand, which does not take the place of its time", async () => {
    const { clock, store, job, ranAt } = bed();
    const schedule = await createSchedule({
      ...{ jobs: [job], clock, store, onFault: () => {} },
    });
    const run = await schedule.runNow("nightly");
    expect(run).toMatchObject({ dueMs: 0, outcome: "done", detail: "removed 3" });
    expect(schedule.states()[0]).toMatchObject({ nextDueMs: FIRST_MS, isRunning: false });
    expect(ranAt).toEqual([START_MS]);
    await expect(schedule.runNow("nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("keeps the newest 32 runs over restarts", async () => {
    const { live } = bed({ pattern: "0 * * * *" });
    await live(40 * HOUR_MS);
    const schedule = await live(HOUR_MS / 2);
    expect(schedule.states()[0]?.runs).toHaveLength(32);
  });

  it("with a pattern that is none is refused", async () => {
    const { live } = bed({ pattern: "tomorrow" });
    const error = await live(1).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(HeatpoolError);
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
  });
});
