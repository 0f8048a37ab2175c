/** The owner hears of a silent heat pump and a backlog that fills up: in time, once, and of the end. */
import { describe, expect, it } from "vitest";
import { runHouseWatch, type WatchedDevice } from "../../../daemon/notify/house-watch.js";
import type { Notice } from "../../../daemon/notify/notify.js";
import { openTold } from "../../../daemon/notify/told.js";
import { createFakeClock } from "../../support/fake-clock.js";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

async function watching(work: (bed: ReturnType<typeof createBed>) => Promise<void>): Promise<void> {
  const bed = createBed();
  const stop = new AbortController();
  const running = runHouseWatch(bed.deps, stop.signal);
  try {
    await work(bed);
  } finally {
    stop.abort();
    await running;
  }
}

function createBed() {
  const clock = createFakeClock();
  const told: Notice[] = [];
  const memory = openTold({ read: () => undefined, write: () => undefined });
  const house = {
    devices: [{ deviceId: "cellar", isOnline: true }] as WatchedDevice[],
    backlog: undefined as { diskBytes: number; limitBytes: number } | undefined,
    answer: (async () => undefined) as () => Promise<boolean | undefined>,
    kept: undefined as string | undefined,
  };
  const deps = {
    // As the desk does it: what was told is not told again, and its end only after it.
    desk: {
      tell(notice: Notice) {
        if (!memory.isNews(notice)) return;
        memory.note(notice);
        told.push(notice);
      },
    },
    clock,
    random: () => 0.5,
    silentMinutes: 60,
    backlogPercent: 80,
    devices: () => house.devices,
    backlog: () => house.backlog,
    askEligible: () => house.answer(),
    eligible: {
      read: () => house.kept,
      write: (text: string) => {
        house.kept = text;
      },
    },
  };
  const of = (kind: Notice["kind"], isResolved: boolean) =>
    told.filter((one) => one.kind === kind && one.isResolved === isResolved);
  return { clock, house, deps, of };
}

describe("the watch over the house", () => {
  it("tells a heat pump that is silent for as long as the owner said, and not before", () =>
    watching(async ({ clock, house, of }) => {
      house.devices = [{ deviceId: "cellar", isOnline: false }];
      await clock.advance(59 * MINUTE_MS);
      expect(of("device-silent", false)).toEqual([]);
      await clock.advance(2 * MINUTE_MS);
      expect(of("device-silent", false)[0]).toMatchObject({
        subject: "device-silent/cellar",
        facts: { device: "cellar", minutes: 60 },
      });
      house.devices = [{ deviceId: "cellar", isOnline: true }];
      await clock.advance(MINUTE_MS);
      expect(of("device-silent", true)).toHaveLength(1);
    }));

  it("counts silence by the time that passed, not by a clock that is set", () =>
    watching(async ({ clock, house, of }) => {
      house.devices = [{ deviceId: "cellar", isOnline: false }];
      await clock.advance(MINUTE_MS);
      clock.stepWall(clock.nowMs() + 365 * DAY_MS);
      await clock.advance(10 * MINUTE_MS);
      expect(of("device-silent", false)).toEqual([]);
    }));

  it("begins anew when the heat pump answered in between", () =>
    watching(async ({ clock, house, of }) => {
      for (let hour = 0; hour < 5; hour++) {
        house.devices = [{ deviceId: "cellar", isOnline: false }];
        await clock.advance(50 * MINUTE_MS);
        house.devices = [{ deviceId: "cellar", isOnline: true }];
        await clock.advance(10 * MINUTE_MS);
      }
      expect(of("device-silent", false)).toEqual([]);
    }));

  it("says nothing about a heat pump that was not asked yet", () =>
    watching(async ({ clock, house, of }) => {
      house.devices = [{ deviceId: "cellar", isOnline: undefined }];
      await clock.advance(120 * MINUTE_MS);
      expect([...of("device-silent", false), ...of("device-silent", true)]).toEqual([]);
    }));

  it("tells a backlog that fills up, and its end only when there is room again", () =>
    watching(async ({ clock, house, of }) => {
      for (const [diskBytes, raised, resolved] of [
        [79, 0, 0],
        [80, 1, 0],
        [75, 1, 0],
        [70, 1, 1],
      ] as const) {
        house.backlog = { diskBytes, limitBytes: 100 };
        await clock.advance(MINUTE_MS);
        const isRaised = of("backlog-nearly-full", false).length > 0 ? 1 : 0;
        const isResolved = of("backlog-nearly-full", true).some(
          ({ facts }) => facts.percent === 70,
        );
        expect([isRaised, isResolved ? 1 : 0]).toEqual([raised, resolved]);
      }
    }));

  it("tells once that community models are coming, also over restarts and through outages", async () => {
    let kept: string | undefined;
    const live = async (answer: () => Promise<boolean | undefined>, expected: number) =>
      watching(async ({ clock, house, of }) => {
        house.kept = kept;
        house.answer = answer;
        await clock.advance(2 * DAY_MS);
        expect(of("became-eligible", false)).toHaveLength(expected);
        kept = house.kept;
      });
    await live(() => Promise.reject(new Error("no network")), 0);
    await live(async () => false, 0);
    await live(async () => true, 1);
    await live(async () => true, 0);
    await live(async () => false, 0);
    await live(async () => true, 1);
  });

  it("asks the backend about once a day", () =>
    watching(async ({ clock, house }) => {
      let asked = 0;
      house.answer = async () => {
        asked++;
        return false;
      };
      await clock.advance(4 * DAY_MS);
      expect(asked).toBeGreaterThanOrEqual(3);
      expect(asked).toBeLessThanOrEqual(5);
    }));
});
