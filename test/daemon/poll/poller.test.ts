/** The loop: on the grid, never twice at once, never in a hurry, and honest about what it missed. */
import { afterEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Loss } from "../../../daemon/backlog/backlog.js";
import {
  checkPollInterval,
  type DeviceState,
  type PollFinished,
  runPoller,
} from "../../../daemon/poll/poller.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";

/** 12:00:00 on the grid of a minute. */
const NOON = Date.UTC(2026, 10, 1, 12);
const MINUTE = 60_000;

type Step = "good" | HeatpoolError | { tookMs: number };

function start(steps: (poll: number) => Step, options: { startMs?: number; minMs?: number } = {}) {
  const clock = createFakeClock(options.startMs ?? NOON);
  const end = new AbortController();
  const seen = {
    snapshots: [] as number[],
    losses: [] as Omit<Loss, "number">[],
    states: [] as DeviceState[],
    polls: [] as PollFinished[],
    startedMs: [] as number[],
    overlaps: 0,
  };
  let running = 0;
  const source = {
    deviceId: "pump",
    async take(signal: AbortSignal): Promise<Snapshot> {
      if (running++ > 0) seen.overlaps++;
      const takenAtMs = clock.nowMs();
      const monotonicMs = clock.monotonicMs();
      seen.startedMs.push(monotonicMs);
      const step = steps(seen.startedMs.length);
      try {
        if (step instanceof HeatpoolError) throw step;
        if (step !== "good") await clock.sleep(step.tookMs, signal);
        return { deviceId: "pump", takenAtMs, monotonicMs, clockSynced: true, readings: [] };
      } finally {
        running--;
      }
    },
    close: async () => {},
  };
  const ended = runPoller(
    {
      source,
      clock,
      chance: createChance(4),
      intervalMs: MINUTE,
      minIntervalMs: options.minMs ?? 1000,
      onSnapshot: (snapshot) => seen.snapshots.push(snapshot.takenAtMs),
      onLoss: (loss) => seen.losses.push(loss),
      onState: (state) => seen.states.push(state),
      onPollFinished: (finished) => seen.polls.push(finished),
    },
    end.signal,
  );
  const stop = async () => {
    end.abort();
    await ended;
  };
  stops.push(stop);
  return { clock, seen, stop, ended };
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const silent = new HeatpoolError("DEVICE_TIMEOUT", "input 1000+2: no answer");

describe("the poll loop", () => {
  it("polls at once, then on the slots of the wall clock, and never closer than the interval", async () => {
    const { clock, seen } = start(() => "good", { startMs: NOON + 17_000 });
    await clock.advance(5 * MINUTE);
    expect(seen.snapshots.map((at) => at - NOON)).toEqual([
      17_000,
      2 * MINUTE,
      3 * MINUTE,
      4 * MINUTE,
      5 * MINUTE,
    ]);
    expect(seen.losses).toEqual([]);
    expect(seen.states).toEqual([{ kind: "online" }]);
  });

  it("follows the wall clock when it is corrected a little or stepped", async () => {
    const { clock, seen } = start(() => "good");
    await clock.advance(MINUTE);
    clock.stepWall(clock.nowMs() + 100);
    await clock.advance(MINUTE);
    clock.stepWall(clock.nowMs() + 3_600_000 + 20_000);
    await clock.advance(3 * MINUTE);
    const gaps = seen.startedMs.slice(1).map((at, index) => at - (seen.startedMs[index] ?? 0));
    // A sleep that has begun is not cut short; the slot after it lies on the grid again.
    expect(gaps).toEqual([MINUTE, MINUTE, MINUTE - 100, MINUTE + 40_000]);
    expect((seen.snapshots.at(-1) ?? 0) % MINUTE).toBe(0);
    expect(seen.losses).toEqual([]);
  });

  it("skips the slots that a long poll ran over, notes them, and never catches up", async () => {
    const { clock, seen } = start((poll) => (poll === 2 ? { tookMs: 130_000 } : "good"));
    await clock.advance(6 * MINUTE);
    expect(seen.snapshots.map((at) => (at - NOON) / MINUTE)).toEqual([0, 1, 4, 5, 6]);
    expect(seen.losses).toMatchObject([
      {
        class: "not-collected",
        reason: "slot-missed",
        snapshots: 2,
        fromMs: NOON + 2 * MINUTE,
        toMs: NOON + 4 * MINUTE,
      },
    ]);
    expect(seen.overlaps).toBe(0);
  });

  it("takes a poll that ends exactly at the next slot as in time", async () => {
    const { clock, seen } = start((poll) => (poll === 1 ? { tookMs: MINUTE } : "good"));
    await clock.advance(2 * MINUTE);
    expect(seen.snapshots.map((at) => (at - NOON) / MINUTE)).toEqual([0, 1, 2]);
    expect(seen.losses).toEqual([]);
  });
});

describe("a silent device", () => {
  it("is tried again with growing waits up to a minute; its slots are noted in one piece", async () => {
    let isSilent = false as boolean;
    const { clock, seen } = start(() => (isSilent ? silent : "good"));
    await clock.advance(2 * MINUTE);
    isSilent = true;
    await clock.advance(30 * MINUTE);
    isSilent = false;
    await clock.advance(2 * MINUTE);
    const attempts = seen.states.flatMap((state) => (state.kind === "offline" ? [state] : []));
    expect(attempts.length).toBeGreaterThan(40);
    for (const state of attempts) {
      expect(state.nextTryMs - clock.nowMs()).toBeLessThanOrEqual(MINUTE);
      expect(state.sinceMs).toBe(NOON + 3 * MINUTE);
    }
    expect(seen.losses.length).toBe(1);
    const [loss] = seen.losses;
    expect(loss).toMatchObject({ reason: "device-offline", fromMs: NOON + 3 * MINUTE });
    const expected = 3 + 30 + 2;
    // Every slot is a snapshot or a loss; the first snapshot after it may lie between two slots.
    expect(Math.abs(seen.snapshots.length + (loss?.snapshots ?? 0) - expected)).toBeLessThan(2);
    expect(seen.states.map((state) => state.kind)).toContain("offline");
    expect(seen.states.at(-1)).toEqual({ kind: "online" });
  });

  it("is noted every hour while it lasts, and at the end of the program", async () => {
    const { clock, seen, stop } = start(() => silent);
    await clock.advance(150 * MINUTE);
    expect(seen.losses.length).toBe(2);
    await stop();
    const slots = seen.losses.reduce((sum, loss) => sum + loss.snapshots, 0);
    expect(slots).toBe(150);
    expect(seen.states.every((state) => state.kind === "offline")).toBe(true);
  });

  it("is never asked more often than its profile allows", async () => {
    const { clock, seen } = start(() => silent, { minMs: 30_000 });
    await clock.advance(20 * MINUTE);
    const gaps = seen.startedMs.slice(1).map((at, index) => at - (seen.startedMs[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30_000);
  });

  it("that is another one than described is reported so and asked rarely", async () => {
    const other = new HeatpoolError("PROFILE_MISMATCH", "register 5001 is 449");
    const { clock, seen } = start(() => other);
    await clock.advance(11 * MINUTE);
    expect(seen.startedMs).toEqual([0, 5 * MINUTE, 10 * MINUTE]);
    expect(seen.states[0]).toMatchObject({ kind: "mismatch", error: other });
    expect(seen.snapshots).toEqual([]);
  });
});

describe("the end of the loop", () => {
  it("comes with the signal, also in the middle of a poll", async () => {
    const { clock, seen, stop } = start(() => ({ tookMs: 10 * MINUTE }));
    await clock.advance(MINUTE);
    await stop();
    expect(clock.waiting).toBe(0);
    expect(seen.snapshots.length).toBe(1);
  });

  it("comes with a fault of the program, which is not taken for a silent device", async () => {
    const { clock, ended } = start(() => {
      throw new TypeError("a bug");
    });
    const rejected = expect(ended).rejects.toThrow("a bug");
    await clock.advance(1);
    await rejected;
    stops.pop();
  });
});

describe("checkPollInterval", () => {
  it("refuses an interval that hurts the device, and says why", () => {
    const profile = { name: "xtherma/tcp", connection: { pollSecondsMin: 60 } };
    const check = (ms: number) => () => checkPollInterval(profile as never, ms);
    expect(check(60_000)).not.toThrow();
    expect(check(59_999)).toThrow(
      "xtherma/tcp: polled every 59.999 s, but this device bears 60 s at least",
    );
  });
});
