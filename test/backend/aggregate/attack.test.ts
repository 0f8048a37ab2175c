/**
 * Somebody enrols installations of his own around one household and reads every release: two worlds
 * that differ in that household alone must look the same, through the same interface he would use.
 */
import { describe, expect, it } from "vitest";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { createFakeClock } from "../../support/fake-clock.js";
import {
  installationId,
  MODEL,
  makeBatch,
  openBed,
  openDelivery,
  STEP_MS,
} from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 10);
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const VICTIM = 999;
/** Tenths of a degree of the flow. */
const [COLD, HOT] = [250, 650];

async function openWorld() {
  const clock = createFakeClock(START_MS);
  const bed = await openBed(createMemorySnapshotStore(), clock);
  const send = async (n: number, flow: number, days: number): Promise<void> => {
    const delivery = await openDelivery(bed, installationId(n));
    const [known = 0] = delivery.ackedThrough;
    for (let day = days - 1; day >= 0; day--) {
      const atMs = clock.nowMs() - day * DAY_MS - HOUR_MS - STEP_MS;
      await delivery.take(makeBatch(known + days - day, atMs, [[50, flow, 120]]));
    }
    delivery.close();
  };
  /** What anybody with a token reads after the day's release, without its time. */
  const release = async () => {
    await bed.community.release();
    const { releasedAtMs: _, ...seen } = bed.community.averages(MODEL, []);
    return seen;
  };
  const others = async (count: number, days: number): Promise<void> => {
    for (let n = 1; n <= count; n++) await send(n, 300 + 10 * n, days);
  };
  return { clock, send, release, others };
}

/** Two days of releases; the victim is there from its day on, until it leaves. */
async function watch(count: number, flow: number, stay: { from: 1 | 2; to: 1 | 2 }) {
  const world = await openWorld();
  await world.others(count, 7);
  if (stay.from === 1) await world.send(VICTIM, flow, 7);
  const first = await world.release();
  await world.clock.advance(2 * DAY_MS);
  await world.others(count, 1);
  if (stay.to === 2) await world.send(VICTIM, flow, stay.from === 2 ? 7 : 1);
  return { first, second: await world.release() };
}

describe("a household that joins others' installations", () => {
  it.each([15, 16, 20])("of which there are %i changes nothing that can be read", async (count) => {
    const cold = await watch(count, COLD, { from: 2, to: 2 });
    const hot = await watch(count, HOT, { from: 2, to: 2 });
    expect(cold.first.metrics).not.toEqual([]);
    expect(cold).toEqual(hot);
  });

  it("of which there are 13 is not read at all", async () => {
    const { first, second } = await watch(13, HOT, { from: 2, to: 2 });
    expect([first.metrics, second.metrics]).toEqual([[], []]);
  });

  it("of which there are 14 is one of fifteen at once, with no figure before", async () => {
    const { first, second } = await watch(14, HOT, { from: 2, to: 2 });
    expect(first.metrics).toEqual([]);
    for (const { installations, p10, p90 } of second.metrics) {
      expect({ installations, p10, p90 }).toEqual({ installations: 15 });
    }
  });
});

describe("a household that leaves others' installations", () => {
  it.each([15, 16, 20])("of which there are %i takes no figure with it", async (count) => {
    const { first, second } = await watch(count, HOT, { from: 1, to: 1 });
    expect(first.metrics).not.toEqual([]);
    // The figure before stays: a new one without it would be the difference.
    expect(second.metrics).toEqual(first.metrics);
  });

  it("of which there are 14 takes all figures with it", async () => {
    const { first, second } = await watch(14, HOT, { from: 1, to: 1 });
    expect(first.metrics).not.toEqual([]);
    expect(second.metrics).toEqual([]);
  });
});

describe("fourteen fake installations of one day around a real one", () => {
  it("make no figure, on that day and until they have been there for seven", async () => {
    const world = await openWorld();
    await world.send(VICTIM, HOT, 7);
    for (let day = 1; day <= 6; day++) {
      await world.others(14, 1);
      await world.send(VICTIM, HOT, 1);
      const seen = await world.release();
      expect(seen.metrics).toEqual([]);
      expect(seen.suppressedBecause).not.toBe("");
      await world.clock.advance(DAY_MS);
    }
  });
});
