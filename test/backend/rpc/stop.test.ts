/** What is over is over for everybody who asked, whenever they asked. */
import { describe, expect, it } from "vitest";
import { Stop } from "../../../backend/rpc/stop.js";

describe("a stop", () => {
  it("is told once to each who asked, before and after it was set", () => {
    const stop = new Stop();
    const told: string[] = [];
    stop.tell({ stopped: () => told.push("early") });
    stop.tell({ stopped: () => told.push("early too") });
    expect([stop.isSet, told]).toEqual([false, []]);
    stop.set();
    stop.set();
    stop.tell({ stopped: () => told.push("late") });
    expect([stop.isSet, told]).toEqual([true, ["early", "early too", "late"]]);
  });

  it("shows the same by a signal and a promise, however late these are asked for", async () => {
    const [early, late] = [new Stop(), new Stop()];
    const { signal } = early;
    const reached = early.reached();
    expect(signal.aborted).toBe(false);
    early.set();
    late.set();
    await Promise.all([reached, late.reached()]);
    expect([signal.aborted, early.signal.aborted, late.signal.aborted]).toEqual([true, true, true]);
  });
});
