/** Decisions of a stream: an ack must never pass over a batch of which it has no counts. */
import { describe, expect, it } from "vitest";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Decision, IncomingBatch } from "../../../backend/ingest/ingest.js";
import { createDecider } from "../../../backend/rpc/decider.js";
import { Stop } from "../../../backend/rpc/stop.js";
import { createFakeClock, settle } from "../../support/fake-clock.js";

const batch = (sequence: number): IncomingBatch => ({
  device: 0,
  epoch: 0,
  sequence,
  rows: 1,
  slot: 0,
  codec: 2,
  plainBytes: 0,
  check: 0,
  block: new Uint8Array(1),
});

const decisionOf = (sequence: number): Decision => ({
  epoch: 0,
  sequence,
  admitted: 1,
  duplicate: 0,
  rejected: 0,
  outcomes: [],
});

function open(take: (batch: IncomingBatch) => Promise<Decision>, clock: Clock = createFakeClock()) {
  const decided: number[] = [];
  let resets = 0;
  let failures = 0;
  const decider = createDecider(
    {
      delivery: {},
      take,
      isHolding: false,
      outlast: async () => false,
      clock,
      windowBatches: 8,
      onDecision: ({ sequence }) => decided.push(sequence),
      onPause: () => undefined,
      onReset: () => {
        resets++;
      },
      onFailure: () => {
        failures++;
      },
    },
    new Stop(),
  );
  return { decider, decided, counts: () => ({ resets, failures }) };
}

describe("a batch that is asked for again", () => {
  it("is decided before what comes after it", async () => {
    const lost = new Set([1, 2]);
    const { decider, decided, counts } = open(async ({ sequence }) => {
      if (lost.has(1) && sequence === 1) throw new HeatpoolError("CHAIN_LOST", "no state");
      if (lost.has(sequence)) throw new HeatpoolError("BATCH_GAP", "1 is next");
      return decisionOf(sequence);
    });
    await decider.offer(batch(1));
    await decider.offer(batch(2));
    await decider.settle();
    lost.clear();
    await decider.offer(batch(1));
    await decider.offer(batch(2));
    await decider.settle();
    expect(decided).toEqual([1, 2]);
    expect(counts()).toEqual({ resets: 1, failures: 0 });
  });

  it("and was decided for another stream meanwhile ends this one, which has no counts of it", async () => {
    const { decider, decided, counts } = open(async ({ sequence }) => {
      if (sequence === 1) throw new HeatpoolError("CHAIN_LOST", "no state");
      return decisionOf(sequence);
    });
    await decider.offer(batch(1));
    await decider.offer(batch(2));
    await expect(decider.settle()).rejects.toMatchObject({ code: "BATCH_GAP" });
    expect(decided).toEqual([]);
    expect(counts()).toEqual({ resets: 1, failures: 1 });
  });

  it("takes with it what came behind, also where the quota refused that first", async () => {
    let next = 1;
    let isLost = true;
    let isOverQuota = true;
    const { decider, decided, counts } = open(async ({ sequence }) => {
      if (sequence === 2 && isOverQuota) {
        isOverQuota = false;
        throw new HeatpoolError("RATE_LIMITED", "slower", { cause: { retryAfterMs: 1_000 } });
      }
      if (sequence !== next) throw new HeatpoolError("BATCH_GAP", `${next} is next`);
      if (isLost) {
        isLost = false;
        throw new HeatpoolError("CHAIN_LOST", "no state");
      }
      next++;
      return decisionOf(sequence);
    });
    for (const sequence of [1, 2, 3]) await decider.offer(batch(sequence));
    await decider.settle();
    expect(decided).toEqual([]);
    for (const sequence of [1, 2, 3]) await decider.offer(batch(sequence));
    await decider.settle();
    expect(decided).toEqual([1, 2, 3]);
    expect(counts()).toEqual({ resets: 1, failures: 0 });
  });
});

describe("a batch that came behind one that had to wait", () => {
  it("is offered again when that is decided, whenever it came", async () => {
    const clock = createFakeClock();
    let next = 1;
    const quota: { isOver: boolean } = { isOver: true };
    const { decider, decided, counts } = open(async ({ sequence }) => {
      if (quota.isOver) {
        throw new HeatpoolError("RATE_LIMITED", "slower", { cause: { retryAfterMs: 1_000 } });
      }
      if (sequence !== next) throw new HeatpoolError("BATCH_GAP", `${next} is next`);
      await settle();
      next++;
      return decisionOf(sequence);
    }, clock);
    await decider.offer(batch(1));
    quota.isOver = false;
    await decider.offer(batch(2));
    await decider.offer(batch(3));
    await clock.advance(1_000);
    // The first is being written; this one finds a gap although no pause follows.
    await decider.offer(batch(4));
    await decider.settle();
    expect(decided).toEqual([1, 2, 3, 4]);
    expect(counts().failures).toBe(0);
  });
});
