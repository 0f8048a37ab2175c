/** Newcomers' work is done in small portions, and no network's queue delays another's. */
import { describe, expect, it } from "vitest";
import type { Alarm } from "../../../backend/rpc/alarms.js";
import { createTurnPace, type Lane, type TurnSize } from "../../../backend/rpc/turn-pace.js";

const SIZE = { turnMs: 3, waitingMax: 4 };

/** Turns that a test begins; each piece of work takes a millisecond. */
function open(more: Partial<TurnSize> = {}) {
  let nowMs = 0;
  const turns: (() => void)[] = [];
  const done: string[] = [];
  const set = new Set<Alarm>();
  const alarms = {
    monotonicMs: () => nowMs,
    set: (alarm: Alarm) => set.add(alarm),
    drop: (alarm: Alarm) => set.delete(alarm),
  };
  const pace = createTurnPace({ ...SIZE, ...more }, alarms, (turn) => turns.push(turn));
  return {
    pace,
    turns,
    /** Time passes, and what is due rings. */
    pass(ms: number): void {
      nowMs += ms;
      for (const alarm of [...set].filter(({ dueMs }) => dueMs <= nowMs)) {
        set.delete(alarm);
        alarm.ring();
      }
    },
    add(lane: Lane, what: string): boolean {
      return pace.add(lane, () => {
        nowMs += 1;
        done.push(what);
      });
    },
    /** What the next turn does. */
    turn(): string[] {
      done.length = 0;
      turns.shift()?.();
      return [...done];
    },
  };
}

const a = { name: "192.0.2", isProven: false };
const b = { name: "198.51.100", isProven: false };
const home = { name: "203.0.113", isProven: true };

describe("work for newcomers", () => {
  it("is begun while the turn's time lasts, and goes on in the next one", () => {
    const { add, turn, turns } = open();
    for (const what of ["1", "2", "3", "4"]) add(a, what);
    expect(turns).toHaveLength(1);
    expect(turn()).toEqual(["1", "2", "3"]);
    expect(turn()).toEqual(["4"]);
    expect(turns).toHaveLength(0);
    add(a, "5");
    expect(turn()).toEqual(["5"]);
  });

  it("is taken from every network in turn", () => {
    const { add, turn } = open();
    for (const what of ["a1", "a2", "a3"]) add(a, what);
    add(b, "b1");
    expect([...turn(), ...turn()]).toEqual(["a1", "b1", "a2", "a3"]);
  });

  it("is every other time that of a network that has proved itself", () => {
    const { add, turn } = open();
    for (const what of ["a1", "a2", "a3"]) add(a, what);
    for (const what of ["h1", "h2"]) add(home, what);
    expect([...turn(), ...turn()]).toEqual(["h1", "a1", "h2", "a2", "a3"]);
  });

  it("does not wait in any number, and strangers take no place from others", () => {
    const { add } = open();
    expect(["1", "2", "3", "4", "5"].map((what) => add(a, what))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(add(b, "b1")).toBe(false);
    expect(add(home, "h1")).toBe(true);
  });

  it("is as much as its allowance, which grows back", () => {
    const { add, turn, turns, pass } = open({ pieces: { burst: 2, perSecond: 10 } });
    for (const what of ["1", "2", "3", "4"]) add(a, what);
    expect(turn()).toEqual(["1", "2"]);
    pass(90);
    expect(turns).toHaveLength(0);
    pass(10);
    expect(turn()).toEqual(["3"]);
    pass(100);
    expect(turn()).toEqual(["4"]);
  });

  it("goes on at once for a piece that was worth its while", () => {
    const { add, turn, pace, turns } = open({ pieces: { burst: 1, perSecond: 1 } });
    for (const what of ["1", "2", "3"]) add(a, what);
    expect(turn()).toEqual(["1"]);
    pace.giveBack();
    expect(turn()).toEqual(["2"]);
    expect(turns).toHaveLength(0);
    pace.giveBack();
    pace.giveBack();
    expect(turn()).toEqual(["3"]);
    add(a, "4");
    expect(turn()).toEqual([]);
    pace.giveBack();
    expect(turn()).toEqual(["4"]);
  });
});
