/** An alarm is worth what its words are worth: right part, right direction, plain language. */
import { describe, expect, it } from "vitest";
import { CELLS_PER_DAY } from "#core/anomaly/channel.js";
import { normalBehaviour } from "#core/anomaly/detector.js";
import { driftOf, NO_DRIFT, slopesOf, stepDrift } from "#core/anomaly/drift.js";
import { explainAlarm } from "#core/anomaly/explain.js";
import { sayPart, sayPossible } from "#core/anomaly/explanation-text.js";
import { injectFault } from "#core/anomaly/fault-scenario.js";
import { FAULTS } from "#core/anomaly/fault-table.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { learnFleet } from "#core/anomaly/learn-fleet.js";
import { rowsOf } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { NOT_SEVERE, stepSeverity } from "#core/anomaly/severity.js";
import { openWatch, startWatch } from "#core/anomaly/watch.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const plan = planFor(new Set(MADE_UP));
const model = learnFleet(
  plan,
  [1, 2, 3].map((seed) => ({
    installationId: `machine-${seed}`,
    rows: makeRows(madeUpCells({ seed, days: 40 })),
  })),
);
const kind = FAULTS.find(({ fault }) => fault === "sensor_plow_drift");
if (kind === undefined) throw new Error("no such fault");
const start = 20 * CELLS_PER_DAY;
const rows = makeRows(
  injectFault(madeUpCells({ seed: 8, days: 29 }), { kind, severity: 1, start }),
);
const watch = openWatch(model, startWatch(model, 0));
for (const row of rowsOf(rows)) watch.read(row);
const explanation = explainAlarm(model, watch.state().normal);
const [strongest] = explanation.parts;

describe("an explanation", () => {
  it("names the part, that it is too high, and by how much", () => {
    expect(strongest?.part.target).toMatch(/low/);
    expect(strongest?.measured).toBeGreaterThan(
      (strongest?.expected ?? 0) + 2 * (strongest?.spread ?? 0),
    );
    expect(explanation.parts).toHaveLength(2);
  });

  it("is said in German and English", () => {
    const heating = explanation.parts.find(({ part }) => part.mode === "heating") ?? strongest;
    if (heating === undefined) throw new Error("nothing explained");
    const fixed = { ...heating, measured: 4.04, expected: 4.61, spread: 0.2, sinceCell: 77 };
    const part = { ...heating.part, mode: "heating", target: "low" } as const;
    expect(sayPart({ ...fixed, part }, "en", () => "Tuesday 14:00")).toBe(
      "Heating, low pressure: 4.0 bar, expected 4.6 ± 0.2, since Tuesday 14:00",
    );
    expect(sayPart({ ...fixed, part }, "de", () => "Dienstag 14:00")).toBe(
      "Heizen, Niederdruck: 4,0 bar, erwartet 4,6 ± 0,2, seit Dienstag 14:00",
    );
  });

  it("says what it could be, as a possibility, and nothing when nothing is alike", () => {
    const possible = FAULTS.slice(1, 3);
    expect(sayPossible({ parts: [], possible }, "en")).toBe(
      "It could be: fouled evaporator or fouled condenser.",
    );
    expect(sayPossible({ parts: [], possible: [] }, "de")).toBe("");
  });

  it("says nothing that is not alike: a machine that departs from nothing has no fault", () => {
    const calm = openWatch(model, startWatch(model, 0)).state().normal;
    expect(explainAlarm(model, calm)).toEqual({ parts: [], possible: [] });
    const apart = structuredClone(watch.state().normal);
    // Everything is too high by as much: no fault of the table does that.
    for (let at = 0; at < apart.sums.length; at += 3) apart.sums[at] = 400;
    expect(explainAlarm(model, apart).possible).toEqual([]);
  });

  it("knows a fault by how its parts depart", () => {
    const low = FAULTS.find(({ fault }) => fault === "condenser_fouling");
    if (low === undefined) throw new Error("no such fault");
    const sick = injectFault(madeUpCells({ seed: 8, days: 34 }), { kind: low, severity: 1, start });
    const second = openWatch(model, startWatch(model, 0));
    for (const row of rowsOf(makeRows(sick))) second.read(row);
    const { possible } = explainAlarm(model, second.state().normal);
    expect(possible.map(({ fault }) => fault)).toContain("condenser_fouling");
  });

  it("comes with a detector that scores without changing its state", () => {
    const [row] = rowsOf(rows);
    if (row === undefined) throw new Error("no row");
    const state = normalBehaviour.start(model);
    const before = structuredClone(state);
    const scored = normalBehaviour.score(model, state, row);
    expect(state).toEqual(before);
    expect(scored.parts).toHaveLength(plan.parts.length);
    expect(scored.state.cell).toBe(row.cell);
  });
});

describe("severity", () => {
  const place = (id: string) => plan.parts.findIndex((part) => part.id === id);
  const facts = {
    cell: 100,
    score: 1.2,
    parts: [place("heating.low")],
    powerRatio: 1,
    hasDeviceFault: false,
  };

  it("is a warning for the machine, information for the house", () => {
    expect(stepSeverity(plan, NOT_SEVERE, facts).severity).toBe("warning");
    expect(
      stepSeverity(plan, NOT_SEVERE, { ...facts, parts: [place("heating.flow")] }).severity,
    ).toBe("info");
  });

  it("is critical after an hour at twice the line, not before", () => {
    const first = stepSeverity(plan, NOT_SEVERE, { ...facts, score: 2.5 });
    expect(first.severity).toBe("warning");
    const soon = stepSeverity(plan, first.state, { ...facts, score: 2.5, cell: 111 });
    expect(soon.severity).toBe("warning");
    expect(stepSeverity(plan, soon.state, { ...facts, score: 2.5, cell: 112 }).severity).toBe(
      "critical",
    );
  });

  it("is critical after an hour at more than one and a half of the expected power", () => {
    const at = (cell: number, powerRatio: number) => ({ ...facts, cell, powerRatio });
    const live = (ratios: readonly number[]) => {
      let [state, severity] = [NOT_SEVERE, "none"];
      for (const [cell, ratio] of ratios.entries())
        ({ state, severity } = stepSeverity(plan, state, at(cell, ratio)));
      return severity;
    };
    expect(live(Array.from({ length: 12 }, () => 1.6))).toBe("warning");
    expect(live(Array.from({ length: 13 }, () => 1.6))).toBe("critical");
    expect(live(Array.from({ length: 40 }, () => 1.5))).toBe("warning");
    expect(live(Array.from({ length: 40 }, (_, cell) => (cell % 12 === 0 ? 1 : 1.6)))).toBe(
      "warning",
    );
  });

  it("is a warning as soon as one part is the machine's, and what it was once it is less loud", () => {
    const both = [place("heating.flow"), place("heating.low")];
    expect(stepSeverity(plan, NOT_SEVERE, { ...facts, parts: both }).severity).toBe("warning");
    const loud = stepSeverity(plan, NOT_SEVERE, { ...facts, score: 3 });
    const calmer = stepSeverity(plan, loud.state, { ...facts, cell: 105 });
    const again = stepSeverity(plan, calmer.state, { ...facts, score: 3, cell: 112 });
    expect(again.severity).toBe("warning");
  });

  it("is critical at once when the device reports a fault", () => {
    expect(stepSeverity(plan, NOT_SEVERE, { ...facts, hasDeviceFault: true }).severity).toBe(
      "critical",
    );
  });
});

describe("drift", () => {
  it("is hinted at after weeks of leaning one way, not for noise", () => {
    let [leaning, noisy] = [NO_DRIFT, NO_DRIFT];
    for (let day = 0; day < 20; day++) {
      leaning = stepDrift(leaning, { day, mean: 0.1 * day, deviation: 0.8 });
      noisy = stepDrift(noisy, { day, mean: day % 2 === 0 ? 0.5 : -0.5, deviation: 0.8 });
    }
    expect([driftOf(leaning, 19), driftOf(noisy, 19)]).toEqual(["up", undefined]);
    expect(slopesOf(leaning)?.middle).toBeCloseTo(0.1, 9);
  });

  it("is hinted at when the sum reaches 8, slack of a half a day, and ten days have passed", () => {
    const lean = (mean: number, days: number) => {
      let state = NO_DRIFT;
      for (let day = 0; day < days; day++) state = stepDrift(state, { day, mean, deviation: 1 });
      return driftOf(state, days - 1);
    };
    // 1.3 a day leaves 0.8 a day; 3 a day is at 8 after four days, and too early.
    expect([lean(1.3, 10), lean(1.3, 11)]).toEqual([undefined, "up"]);
    expect([lean(3, 10), lean(3, 11)]).toEqual([undefined, "up"]);
    expect([lean(-1, 16), lean(-1, 17)]).toEqual(["down", "down"]);
    expect([lean(-1, 15), lean(0.5, 400)]).toEqual([undefined, undefined]);
  });

  it("counts one wild day as three deviations at most", () => {
    const wild = stepDrift(NO_DRIFT, { day: 0, mean: 1e6, deviation: 1 });
    expect(wild.up).toBe(2.5);
    expect(stepDrift(NO_DRIFT, { day: 0, mean: Number.NaN, deviation: 1 })).toBe(NO_DRIFT);
  });
});
