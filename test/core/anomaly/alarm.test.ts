/**
 * The rules between a score and an alarm, each at its border: a rule that is a cell off is a bell that
 * rings for nothing, or one that does not ring.
 */
import { describe, expect, it } from "vitest";
import {
  type AlarmChange,
  type AlarmFacts,
  type AlarmState,
  NO_ALARM,
  stepAlarm,
} from "#core/anomaly/alarm.js";
import { CELLS_PER_DAY, CELLS_PER_HOUR } from "#core/anomaly/channel.js";

const CALM_CELLS = 6 * CELLS_PER_HOUR;

/** What the rules see of a cell, by default nothing unusual about two parts. */
function cellFacts(cell: number, more: Partial<AlarmFacts> = {}): AlarmFacts {
  return {
    ...{ cell, score: 0.2, shares: [0.1, 0.1], fastShares: [0.1, 0.1], evidence: [50, 50] },
    ...{ evidenceCell: [cell, cell], factor: 1, quietUntil: 0, ...more },
  };
}

const LOUD: Partial<AlarmFacts> = { score: 1.5, shares: [1.5, 0.1], fastShares: [1.5, 0.1] };

/** Goes through cells; says what changed and when. */
function live(cells: readonly AlarmFacts[], from: AlarmState = NO_ALARM) {
  let state = from;
  const changes: [Exclude<AlarmChange, undefined>, number][] = [];
  for (const facts of cells) {
    const step = stepAlarm(state, facts);
    ({ state } = step);
    if (step.change !== undefined) changes.push([step.change, facts.cell]);
  }
  return { state, changes };
}

const stretch = (from: number, length: number, more: Partial<AlarmFacts> = {}) =>
  Array.from({ length }, (_, index) => cellFacts(from + index, more));

/** An alarm of the first part, raised in cell 106. */
const raised = () => live(stretch(100, 7, LOUD)).state;

describe("an alarm is raised", () => {
  it("after half an hour above the line, not before", () => {
    expect(live(stretch(100, 6, LOUD)).changes).toEqual([]);
    expect(live(stretch(100, 20, LOUD)).changes).toEqual([["raised", 106]]);
  });

  it("not by half an hour with a calm cell in between", () => {
    const cells = [...stretch(100, 5, LOUD), cellFacts(105), ...stretch(106, 6, LOUD)];
    expect(live(cells).changes).toEqual([]);
  });

  it("only by a part with twelve rows of evidence", () => {
    expect(live(stretch(100, 20, { ...LOUD, evidence: [11, 50] })).changes).toEqual([]);
    expect(live(stretch(100, 20, { ...LOUD, evidence: [12, 50] })).changes).toHaveLength(1);
  });

  it("by parts whose share is beyond the factor, the strongest first", () => {
    const facts = { score: 1.2, shares: [1.9, 2.4], fastShares: [1.9, 2.4], factor: 2 };
    expect(live(stretch(100, 9, facts)).state.parts).toEqual([1]);
    expect(live(stretch(100, 9, { ...facts, factor: 1 })).state.parts).toEqual([1, 0]);
  });

  it("not in a quiet time; what lasts beyond its end is raised then", () => {
    expect(live(stretch(100, 40, { ...LOUD, quietUntil: 130 })).changes).toEqual([["raised", 130]]);
  });
});

describe("an alarm that is on", () => {
  it("stays while the fast monitor of its part is at half of its limit, whatever the score", () => {
    const cells = stretch(107, 3 * CELLS_PER_DAY, { fastShares: [0.5, 0] });
    expect(live(cells, raised()).changes).toEqual([]);
  });

  it("is over after six hours below half, not before", () => {
    const calm = stretch(107, CALM_CELLS + 1, { fastShares: [0.49, 0] });
    expect(live(calm.slice(0, -1), raised()).changes).toEqual([]);
    expect(live(calm, raised()).changes).toEqual([["resolved", 107 + CALM_CELLS]]);
  });

  it("counts its six hours anew after every restless cell: it does not flicker", () => {
    const cells = Array.from({ length: 20 }, (_, turn) => [
      ...stretch(107 + turn * 72, 71, { fastShares: [0.1, 0] }),
      ...stretch(178 + turn * 72, 1, { fastShares: [0.6, 0] }),
    ]).flat();
    expect(live(cells, raised()).changes).toEqual([]);
  });

  it("takes in parts that cross meanwhile, and waits for all of them: one event", () => {
    const both = { ...LOUD, shares: [1.2, 1.4], fastShares: [1.2, 1.4] };
    const joined = live(stretch(107, 3, both), raised());
    expect(joined.changes).toEqual([]);
    expect(joined.state.parts).toEqual([0, 1]);
    const first = stretch(110, 2 * CALM_CELLS, { fastShares: [0, 0.6] });
    expect(live(first, joined.state).changes).toEqual([]);
  });

  it("waits while nothing is measured: no heating in summer is no proof of health", () => {
    const unheard = { fastShares: [0, 0], evidenceCell: [106, 106] };
    const inSight = stretch(107, CELLS_PER_DAY, unheard);
    expect(live(inSight, raised()).changes).toEqual([["resolved", 107 + CALM_CELLS]]);
    const summer = stretch(106 + CELLS_PER_DAY - 10, 60 * CELLS_PER_DAY, unheard);
    expect(live(summer, raised()).changes).toEqual([]);
  });

  it("is over when what still runs has been calm for a day, though the other part stopped", () => {
    const both = { ...LOUD, shares: [1.2, 1.4], fastShares: [1.2, 1.4] };
    const { state } = live(stretch(107, 3, both), raised());
    const summer = (length: number, fastShares: readonly number[]) =>
      Array.from({ length }, (_, index) => {
        const cell = 1000 + index;
        return cellFacts(cell, { fastShares, evidenceCell: [110, cell] });
      });
    const ended = [["resolved", 1000 + CELLS_PER_DAY]];
    expect(live(summer(CELLS_PER_DAY, [0, 0.4]), state).changes).toEqual([]);
    expect(live(summer(CELLS_PER_DAY + 1, [0, 0.4]), state).changes).toEqual(ended);
    expect(live(summer(9 * CELLS_PER_DAY, [0, 0.5]), state).changes).toEqual([]);
  });

  it("that comes again within a day of its end is the same event", () => {
    const { state } = live(stretch(107, CALM_CELLS + 1), raised());
    const endedAt = 107 + CALM_CELLS;
    const again = (after: number) => live(stretch(endedAt + after - 6, 7, LOUD), state).changes;
    expect(again(CELLS_PER_DAY - 1)).toEqual([["reopened", endedAt + CELLS_PER_DAY - 1]]);
    expect(again(CELLS_PER_DAY)).toEqual([["raised", endedAt + CELLS_PER_DAY]]);
  });
});
