/** Limits are levels that healthy machines pass seldom; no single machine may set one. */
import { describe, expect, it } from "vitest";
import { boundedLevelOf, levelOf, MONITOR_WEEKS } from "#core/anomaly/calibration.js";
import { createRandom } from "../../support/chance.js";

/** Weekly maxima of a machine: by the inverse of a Gumbel distribution. */
function machine(seed: number, weeks: number, times = 1): number[] {
  const random = createRandom(seed);
  return Array.from(
    { length: weeks },
    () => times * (2 - 0.4 * Math.log(-Math.log(0.001 + 0.998 * random()))),
  );
}

const fleet = (count: number) => Array.from({ length: count }, (_, seed) => machine(seed + 1, 4));

describe("a limit", () => {
  it("is passed about once in so many weeks", () => {
    const level = levelOf(machine(7, 20_000), MONITOR_WEEKS) ?? 0;
    const passed = machine(8, 20_800).filter((one) => one > level).length;
    expect(passed / (20_800 / MONITOR_WEEKS)).toBeGreaterThan(0.75);
    expect(passed / (20_800 / MONITOR_WEEKS)).toBeLessThan(1.25);
  });

  it("is not known after less than twelve weeks", () => {
    expect(levelOf(machine(1, 11), MONITOR_WEEKS)).toBeUndefined();
    expect(boundedLevelOf([machine(1, 11)], MONITOR_WEEKS)).toBeUndefined();
  });

  it("is that of all machines where they are alike", () => {
    const machines = fleet(40);
    expect(boundedLevelOf(machines, MONITOR_WEEKS)).toBe(levelOf(machines.flat(), MONITOR_WEEKS));
  });

  it("is raised by a tenth at most by the loudest machine", () => {
    const quiet = fleet(15);
    const loud = [...quiet, machine(99, 4, 4)];
    const without = levelOf(quiet.flat(), MONITOR_WEEKS) ?? 0;
    expect(levelOf(loud.flat(), MONITOR_WEEKS)).toBeGreaterThan(1.5 * without);
    const bounded = boundedLevelOf(loud, MONITOR_WEEKS) ?? 0;
    expect(bounded).toBeLessThanOrEqual(1.1 * without);
    expect(bounded).toBeGreaterThan(without);
  });

  it("is what a few machines show, because each of them is needed", () => {
    const few = [...fleet(8), machine(99, 4, 4)];
    expect(boundedLevelOf(few, MONITOR_WEEKS)).toBe(levelOf(few.flat(), MONITOR_WEEKS));
  });
});
