/** One sleeper for many streams: nothing may ring twice, too early, or not at all. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Alarm, createAlarms } from "../../../backend/rpc/alarms.js";
import { createFakeClock } from "../../support/fake-clock.js";

/** An alarm that notes when it rang. */
function noted(
  dueMs: number,
  monotonicMs: () => number,
): Alarm & { dueMs: number; rang: number[] } {
  const rang: number[] = [];
  return { dueMs, rang, ring: () => void rang.push(monotonicMs()) };
}

describe("alarms", () => {
  it("ring once each, at their time, whatever is set, put off and dropped meanwhile", async () => {
    const step = fc.record({
      what: fc.constantFrom("set", "put off", "bring forward", "drop", "wait"),
      which: fc.nat({ max: 7 }),
      ms: fc.integer({ min: 1, max: 500 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = createFakeClock();
        const alarms = createAlarms(clock);
        const all = Array.from({ length: 8 }, () => noted(Infinity, clock.monotonicMs));
        const expected = all.map((): number[] => []);
        const isSet: boolean[] = all.map(() => false);
        const due: number[] = all.map(() => Infinity);
        const settle = (untilMs: number): void => {
          for (const [k, atMs] of due.entries()) {
            if (!isSet[k] || atMs > untilMs) continue;
            expected[k]?.push(atMs);
            isSet[k] = false;
          }
        };
        for (const { what, which, ms } of steps) {
          const alarm = all[which] as (typeof all)[number];
          const nowMs = clock.monotonicMs();
          if (what === "wait") {
            settle(nowMs + ms);
            await clock.advance(ms);
          } else if (what === "drop") {
            alarms.drop(alarm);
            isSet[which] = false;
          } else if (what === "put off") {
            alarm.dueMs += ms;
            due[which] = alarm.dueMs;
          } else {
            alarm.dueMs = nowMs + ms;
            due[which] = alarm.dueMs;
            isSet[which] = true;
            alarms.set(alarm);
          }
        }
        settle(Infinity);
        await clock.advance(100_000);
        expect(all.map(({ rang }) => rang)).toEqual(expected);
        expect(clock.waiting).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it("may be set anew while they ring, and leave nobody asleep when they are dropped", async () => {
    const clock = createFakeClock();
    const alarms = createAlarms(clock);
    const rang: number[] = [];
    const again = {
      dueMs: 10,
      ring() {
        rang.push(clock.monotonicMs());
        again.dueMs += 10;
        if (rang.length < 3) alarms.set(again);
      },
    };
    alarms.set(again);
    const far = { dueMs: 1e9, ring: () => rang.push(Number.NaN) };
    alarms.set(far);
    await clock.advance(100);
    expect(rang).toEqual([10, 20, 30]);
    alarms.drop(far);
    await clock.advance(0);
    expect(clock.waiting).toBe(0);
  });
});
