/**
 * Models without contributing (A10): whatever times, repetitions and clocks a client invents, only
 * what the backend received, by its own clock, makes it eligible, and for thirty days.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideEligibility } from "../../backend/eligibility/decide-eligibility.js";
import { createFacts } from "../../backend/registry/facts.js";
import { createMemorySnapshotStore } from "../../backend/store/memory-snapshot-store.js";
import { createFakeClock } from "../support/fake-clock.js";
import {
  installationId,
  MODEL,
  makeBatch,
  openBed,
  openDelivery,
  STEP_MS,
} from "../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 10, 12);
const DAY_MS = 86_400_000;
const WINDOW_DAYS = 30;
const RULES = {
  windowDays: WINDOW_DAYS,
  minimumDays: 1,
  coldStart: { installations: 0, readings: 0 },
};
const ID = installationId(1);

/** What a client does on a day of the backend: sends with a clock of its own, again, or rests. */
const acts = fc.array(
  fc.record({
    restDays: fc.integer({ min: 0, max: 45 }),
    /** Years back and minutes ahead are admitted or refused; either way the rule must hold. */
    clockOffDays: fc.integer({ min: -800, max: 800 }),
    isReplay: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

describe("eligibility over invented clocks (A10)", () => {
  it("follows the backend's receipts of new data alone", { timeout: 120_000 }, async () => {
    let [timesEligible, timesRefused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(acts, async (plan) => {
        const clock = createFakeClock(START_MS);
        const store = createMemorySnapshotStore();
        const bed = await openBed(store, clock);
        const facts = createFacts({
          ...{ store, registry: bed.registry, community: bed.community },
          nowMs: () => clock.nowMs(),
          startedAtMs: clock.nowMs(),
          decide: (known) => decideEligibility(known, RULES),
          windowDays: WINDOW_DAYS,
          warnings: async () => [],
          retention: { months: 12, newest: () => undefined },
        });
        let newestAdmittedMs = 0;
        let sent: ReturnType<typeof makeBatch> | undefined;
        let sequence = 0;
        for (const { restDays, clockOffDays, isReplay } of plan) {
          await clock.advance(restDays * DAY_MS);
          const delivery = await openDelivery(bed, ID);
          sequence = Math.max(sequence, delivery.ackedThrough[0] ?? 0);
          const atMs = clock.nowMs() + clockOffDays * DAY_MS - STEP_MS;
          const isAgain = isReplay && sent !== undefined;
          const batch =
            isAgain && sent !== undefined
              ? { ...sent, sequence: sequence + 1 }
              : makeBatch(sequence + 1, atMs, [[50, 300, 120]]);
          const { admitted } = await delivery.take(batch);
          if (admitted > 0) newestAdmittedMs = clock.nowMs();
          if (!isAgain) sent = batch;
          sequence += 1;
          delivery.close();
          const isWithin =
            newestAdmittedMs > 0 && clock.nowMs() - newestAdmittedMs <= WINDOW_DAYS * DAY_MS;
          const verdict = facts.eligibility(ID, MODEL);
          // Never by more than was received; a replay or an absurd time extends nothing.
          if (verdict.eligible) expect(isWithin).toBe(true);
          if (verdict.eligible) timesEligible += 1;
          else timesRefused += 1;
          expect(verdict.daysWithData).toBeLessThanOrEqual(plan.length);
        }
        await clock.advance((WINDOW_DAYS + 1) * DAY_MS);
        expect(facts.eligibility(ID, MODEL).eligible).toBe(false);
        await store.close();
      }),
      { numRuns: 60, seed: 10 },
    );
    // Both happened, so both were tried.
    expect([timesEligible > 10, timesRefused > 10]).toEqual([true, true]);
  });
});
