/** The owner is told what matters: once, not at night unless it is an alarm, and when it is over. */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { createDesk, type DeskDeps } from "../../../daemon/notify/create-desk.js";
import type { Message, Notice, Notifier } from "../../../daemon/notify/notify.js";
import { isQuiet } from "../../../daemon/notify/quiet-hours.js";
import { toMessage } from "../../../daemon/notify/texts.js";
import { openTold, type ToldFile } from "../../../daemon/notify/told.js";
import { openWaiting } from "../../../daemon/notify/waiting.js";
import { createFakeClock, settle } from "../../support/fake-clock.js";

const START_MS = Date.UTC(2026, 10, 10, 12);
const HOUR_MS = 3_600_000;

/** A channel that takes what it gets, unless it is told to fail. */
function createChannel(name: string) {
  const got: Message[] = [];
  const state: { failure: HeatpoolError | undefined } = { failure: undefined };
  const notifier: Notifier = {
    name,
    async notify(message) {
      if (state.failure !== undefined) throw state.failure;
      got.push(message);
    },
  };
  return { notifier, got, state };
}

function bed(more: Partial<DeskDeps> = {}, file: ToldFile = memoryFile()) {
  const clock = createFakeClock(START_MS);
  const [first, second] = [createChannel("first"), createChannel("second")];
  const logs: string[] = [];
  const desk = createDesk({
    notifiers: [first.notifier, second.notifier],
    told: openTold(file),
    language: "en",
    clock,
    random: () => 0.5,
    localHour: (atMs) => new Date(atMs).getUTCHours(),
    log: (event, facts) => logs.push(JSON.stringify({ event, ...facts })),
    ...more,
  });
  const stop = new AbortController();
  const running = desk.run(stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  const silent = (device: string, rest: Partial<Notice> = {}): Notice => ({
    kind: "device-silent",
    subject: `device-silent/${device}`,
    severity: "warning",
    atMs: clock.nowMs(),
    isResolved: false,
    facts: { device, minutes: 60 },
    ...rest,
  });
  return { clock, desk, first, second, logs, end, silent };
}

function memoryFile(): ToldFile {
  let text: string | undefined;
  return {
    read: () => text,
    write: (next) => {
      text = next;
    },
  };
}

const titles = (got: readonly Message[]) => got.map((one) => one.title);

describe("a notice", () => {
  it("is told once by every channel, and again when it is over", async () => {
    const { desk, first, second, silent, end, clock } = bed();
    desk.tell(silent("pump"));
    desk.tell(silent("pump"));
    await settle();
    desk.tell(silent("pump", { isResolved: true }));
    desk.tell(silent("pump", { isResolved: true }));
    await settle();
    expect(titles(first.got)).toEqual(["pump does not answer", "pump answers again"]);
    expect(titles(second.got)).toEqual(titles(first.got));
    // Coming and going is not told all day.
    await clock.advance(HOUR_MS);
    desk.tell(silent("pump"));
    await settle();
    expect(first.got).toHaveLength(2);
    await clock.advance(24 * HOUR_MS);
    desk.tell(silent("pump"));
    await settle();
    expect(first.got).toHaveLength(3);
    await end();
  });

  it("that was told is known after a restart", async () => {
    const file = memoryFile();
    const before = bed({}, file);
    before.desk.tell(before.silent("pump"));
    await settle();
    await before.end();
    const after = bed({}, file);
    after.desk.tell(after.silent("pump"));
    after.desk.tell(after.silent("pump", { isResolved: true }));
    await settle();
    expect(titles(after.first.got)).toEqual(["pump answers again"]);
    await after.end();
  });

  it("that waits is told after a restart, by the channel that it waited for, once", async () => {
    const [told, waiting] = [memoryFile(), memoryFile()];
    const quiet = { quietHours: { fromHour: 10, toHour: 14 }, told: openTold(told) };
    const before = bed({ ...quiet, waiting: openWaiting(waiting) });
    before.desk.tell(before.silent("pump"));
    await settle();
    await before.end();
    const after = bed({ told: openTold(told), waiting: openWaiting(waiting) });
    await settle();
    expect(titles(after.first.got)).toEqual(["pump does not answer"]);
    expect(titles(after.second.got)).toEqual(["pump does not answer"]);
    await after.end();
    const later = bed({ told: openTold(told), waiting: openWaiting(waiting) });
    await settle();
    expect(later.first.got).toEqual([]);
    await later.end();
  });

  it.each(["", "{", '[["first",[{"title":1}]]]'])(
    "is not looked for in a damaged file: %s",
    (text) => {
      expect(openWaiting({ read: () => text, write: () => undefined }).of("first")).toEqual([]);
    },
  );

  it("whose end comes before it could be told is not told at all", async () => {
    const { desk, first, silent, end } = bed({ quietHours: { fromHour: 10, toHour: 14 } });
    desk.tell(silent("pump"));
    desk.tell(silent("pump", { isResolved: true }));
    await settle();
    expect(first.got).toEqual([]);
    expect(desk.states()[0]?.waiting).toBe(0);
    await end();
  });

  it("waits for the morning; an alarm does not", async () => {
    const { desk, first, silent, end, clock } = bed({ quietHours: { fromHour: 10, toHour: 14 } });
    desk.tell(silent("pump"));
    desk.tell(silent("other", { severity: "alarm" }));
    await settle();
    expect(titles(first.got)).toEqual(["other does not answer"]);
    await clock.advance(2 * HOUR_MS + 300_000);
    expect(titles(first.got)).toEqual(["other does not answer", "pump does not answer"]);
    await end();
  });

  it("in words is the same event in both languages, and holds no control characters", () => {
    const { silent } = bed();
    const notice = silent("pump\u202e\n\u0007");
    const [en, de] = [toMessage(notice, "en"), toMessage(notice, "de")];
    expect(en?.title).toBe("pump does not answer");
    expect(de?.title).toBe("pump antwortet nicht");
    expect(`${en?.title}${de?.body}`).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const long = toMessage(silent("x".repeat(5000)), "en");
    expect(long?.title.length).toBeLessThanOrEqual(120);
  });
});

describe("a channel that is down", () => {
  it("is tried again, delays no other, and loses nothing within two days", async () => {
    const { desk, first, second, silent, end, clock, logs } = bed();
    first.state.failure = new HeatpoolError("UNAVAILABLE", "first answered 503");
    for (const device of ["a", "b", "c"]) desk.tell(silent(device));
    await settle();
    expect(second.got).toHaveLength(3);
    expect(desk.states()[0]).toMatchObject({ waiting: 3, fault: "first answered 503" });
    await clock.advance(5 * HOUR_MS);
    first.state.failure = undefined;
    await clock.advance(2 * HOUR_MS);
    expect(titles(first.got)).toEqual(titles(second.got));
    expect(desk.states()[0]).toMatchObject({ sent: 3, dropped: 0, waiting: 0, fault: "" });
    expect(logs.some((line) => line.includes("notify.failed"))).toBe(true);
    await end();
  });

  it("for longer keeps the newest fifty, and counts what it gave up", async () => {
    const { desk, first, silent, end, clock } = bed();
    first.state.failure = new HeatpoolError("UNAVAILABLE", "down");
    for (let k = 0; k < 60; k++) desk.tell(silent(`pump-${k}`));
    await settle();
    expect(desk.states()[0]).toMatchObject({ waiting: 50, dropped: 10 });
    await clock.advance(50 * HOUR_MS);
    first.state.failure = undefined;
    await clock.advance(2 * HOUR_MS);
    expect(first.got).toEqual([]);
    expect(desk.states()[0]).toMatchObject({ waiting: 0, dropped: 60 });
    await end();
  });

  it("that refuses for good is not asked again about the same", async () => {
    const { desk, first, silent, end, clock } = bed();
    first.state.failure = new HeatpoolError("PERMISSION_DENIED", "first answered 401");
    desk.tell(silent("pump"));
    await settle();
    expect(desk.states()[0]).toMatchObject({ waiting: 0, dropped: 1, fault: "first answered 401" });
    first.state.failure = undefined;
    await clock.advance(HOUR_MS);
    expect(first.got).toEqual([]);
    await end();
  });

  it("is told at most thirty times a day", async () => {
    const { desk, second, silent, end, clock } = bed();
    for (let k = 0; k < 40; k++) desk.tell(silent(`pump-${k}`));
    await settle();
    expect(second.got).toHaveLength(30);
    await clock.advance(25 * HOUR_MS);
    expect(second.got).toHaveLength(40);
    await end();
  });
});

describe("a test", () => {
  it("goes by one channel or all, at any hour, and says what failed", async () => {
    const { desk, first, second, end } = bed({ quietHours: { fromHour: 0, toHour: 23 } });
    second.state.failure = new HeatpoolError("UNAVAILABLE", "second was not reached: ECONNREFUSED");
    expect(await desk.test()).toEqual(
      new Map([["second", "second was not reached: ECONNREFUSED"]]),
    );
    expect(titles(first.got)).toEqual(["heatpool: test"]);
    expect((await desk.test("first")).size).toBe(0);
    await expect(desk.test("third")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await end();
  });
});

describe("quiet hours", () => {
  it.each([
    [{ fromHour: 22, toHour: 7 }, 23, true],
    [{ fromHour: 22, toHour: 7 }, 6, true],
    [{ fromHour: 22, toHour: 7 }, 7, false],
    [{ fromHour: 1, toHour: 5 }, 4, true],
    [{ fromHour: 1, toHour: 5 }, 5, false],
    [{ fromHour: 3, toHour: 3 }, 3, false],
  ])("%j at %i", (hours, hour, quiet) => {
    expect(isQuiet(hours, hour)).toBe(quiet);
  });
});

describe("what was told", () => {
  it.each(["{", "[1]", '[["a",{}]]', '"x"'])("%s in the file is as good as nothing", (text) => {
    const told = openTold({ read: () => text, write: () => {} });
    const { silent } = bed();
    expect(told.isNews(silent("pump"))).toBe(true);
  });
});
