/** A quota that a new stream would reset is none. */
import { describe, expect, it } from "vitest";
import type { QuotaLimits } from "../../../backend/ingest/quota.js";
import { createQuotaBook } from "../../../backend/ingest/quota-book.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { installationId, makeBatch, openBed, openDelivery } from "../../support/pool-bed.js";

const LIMITS: QuotaLimits = {
  batchesPerSecond: 1,
  batchesBurst: 10,
  snapshotsPerDay: 86_400,
  bytesPerDay: 0,
};
const COST = { snapshots: 10, bytes: 100 };

describe("the quotas of a backend", () => {
  it("go on where they were when an installation ends its stream and comes again", async () => {
    const clock = createFakeClock();
    const bed = await openBed(createMemorySnapshotStore(), clock, { limits: LIMITS });
    const send = async (sequence: number) => {
      const delivery = await openDelivery(bed, installationId(1));
      try {
        await delivery.take(makeBatch(sequence, clock.nowMs() - 86_400_000, [[1, 2, 3]]));
      } finally {
        delivery.close();
      }
    };
    for (let sequence = 1; sequence <= 10; sequence++) await send(sequence);
    await expect(send(11)).rejects.toMatchObject({
      code: "RATE_LIMITED",
      cause: { retryAfterMs: 1_000 },
    });
    await clock.advance(1_000);
    await send(11);
  });

  it("forget who has all of it again, and nobody else", async () => {
    const clock = createFakeClock();
    const delivering = new Set(["id 7"]);
    const book = createQuotaBook(
      LIMITS,
      () => clock.monotonicMs(),
      (id) => delivering.has(id),
    );
    const held = book.of("id 7");
    book.of("id 8").spend({ snapshots: 80_000, bytes: 1 });
    for (let n = 0; n < 5_000; n++) book.of(`other ${n}`).spend(COST);
    expect(book.size).toBe(5_002);
    // In a minute they have earned what they spent, but for one.
    await clock.advance(60_000);
    for (let n = 0; n < 10_000; n++) book.of(`third ${n}`);
    expect(book.size).toBeLessThan(15_002);
    expect(book.of("id 7")).toBe(held);
    expect(book.of("id 8").isFull()).toBe(false);
    expect(() => book.of("id 8").check({ snapshots: 10_000, bytes: 1 })).toThrow("again in");
  });
});
