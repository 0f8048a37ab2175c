/** Plans: what is watched on a machine depends on what it has, and never mixes with another's. */
import { describe, expect, it } from "vitest";
import { CELLS_PER_DAY, type ChannelId } from "#core/anomaly/channel.js";
import { isPlanPossible, planFor } from "#core/anomaly/feature-plan.js";
import { learnLocal } from "#core/anomaly/learn-local.js";
import { rowsOf } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { openWatch, startWatch } from "#core/anomaly/watch.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const ids = (channels: readonly ChannelId[], more = {}) =>
  planFor(new Set(channels), more).parts.map(({ id }) => id);

describe("a plan", () => {
  it("watches machine, house and day of a machine that has everything", () => {
    expect(ids(MADE_UP)).toEqual(
      expect.arrayContaining(["heating.low", "hot_water.power", "off.high-low", "day.starts"]),
    );
    expect(new Set(ids(MADE_UP)).size).toBe(ids(MADE_UP).length);
  });

  it("has no part whose target is missing, and no context that is", () => {
    const few = new Set<ChannelId>(["outdoor", "flow", "return", "power"]);
    for (const part of planFor(few).parts)
      for (const id of part.context)
        expect([...few, "to24", "dayMean", "dayLow", "thermal"]).toContain(id);
    expect(ids([...few]).some((id) => id.includes("low") && !id.includes("flow"))).toBe(false);
  });

  it("uses the heat delivered as load where the compressor's speed is not known", () => {
    const plan = planFor(new Set<ChannelId>(["outdoor", "flow", "return", "power", "cop"]));
    expect(plan.parts.find(({ id }) => id === "heating.cop")?.context).toContain("thermal");
  });

  it("has one mode where hot water cannot be told, and no part twice", () => {
    const modes = planFor(new Set(MADE_UP), { oneRunningMode: true }).parts.map(({ mode }) => mode);
    expect(new Set(modes)).toEqual(new Set(["running", "off", "day"]));
  });

  it("has another id for other channels and the same for the same", () => {
    const { planId } = planFor(new Set(MADE_UP));
    expect(planFor(new Set([...MADE_UP].reverse())).planId).toBe(planId);
    expect(planFor(new Set(MADE_UP.slice(1))).planId).not.toBe(planId);
    expect(planId).toMatch(/^[0-9a-f]{16}$/);
  });

  it("needs flow, return, outdoor and something that says how hard the machine works", () => {
    expect(isPlanPossible(new Set<ChannelId>(["flow", "return", "outdoor"]))).toBe(false);
    expect(isPlanPossible(new Set<ChannelId>(["flow", "return", "outdoor", "rating"]))).toBe(true);
    expect(isPlanPossible(new Set<ChannelId>(["flow", "power", "outdoor"]))).toBe(false);
  });

  it("of a machine with hardly any metric still learns, scores and stays silent", () => {
    const few = new Set<ChannelId>(["outdoor", "flow", "return", "power"]);
    const { model, known } = learnLocal(planFor(few), makeRows(madeUpCells({ seed: 6, days: 40 })));
    const watch = openWatch(model, startWatch(model, 0, known));
    const next = madeUpCells({ seed: 6, days: 20, firstDay: 20_040 });
    const alarms = [...rowsOf(makeRows(next))].filter((row) => watch.read(row) === "raised");
    expect(alarms).toEqual([]);
    expect(model.parts.some(({ isUsable }) => isUsable)).toBe(true);
  });

  it("of which nothing was seen yet says nothing at all", () => {
    const summer = makeRows(madeUpCells({ seed: 7, days: 2, outdoor: 25 }));
    const { model } = learnLocal(planFor(new Set(MADE_UP)), summer);
    const heating = model.plan.parts.findIndex(({ id }) => id === "heating.cop");
    expect(model.parts[heating]?.isUsable).toBe(false);
    expect(summer.length).toBe(2 * CELLS_PER_DAY);
  });
});
