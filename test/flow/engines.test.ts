/**
 * A backend on real engines, with the real programs from `dist/`: whoever is killed, nothing that
 * was acknowledged is lost and nothing is there twice. Longer: `npm run -s faults -- engines`.
 */
import { describe, expect, it } from "vitest";
import { runPool } from "../../faults/engines.js";
import { CELLS } from "../../faults/sender.js";
import type { Tally } from "../../faults/suite.js";
import { isPeerMissing } from "../support/peer.js";

const TIME_MAX_MS = 600_000;

function expectClean(tally: Tally, runs: number): void {
  expect(tally.failures).toEqual([]);
  const { lost, doubled, crashes, unexplained } = tally;
  expect({ runs: tally.runs, lost, doubled, crashes, unexplained }).toEqual({
    runs,
    lost: 0,
    doubled: 0,
    crashes: 0,
    unexplained: 0,
  });
  expect(tally.acked).toBeGreaterThan(0);
  expect(tally.figures.samples).toBe(tally.acked * CELLS);
}

describe.skipIf(isPeerMissing("victoria-metrics"))("with VictoriaMetrics", () => {
  it(
    "one process on its own store loses and doubles nothing, whatever is killed",
    async () => expectClean(await runPool({ seed: 1, kills: 2, processes: 1 }), 2),
    TIME_MAX_MS,
  );

  describe.skipIf(isPeerMissing("postgresql") || isPeerMissing("libnginx-mod-stream"))(
    "and PostgreSQL",
    () => {
      it(
        "three processes behind a load balancer lose nothing when one of them is killed",
        async () => {
          const tally = await runPool({ seed: 2, kills: 2, processes: 3, only: "backend" });
          expectClean(tally, 2);
          // Somebody was served by the one that died, and came back to another.
          expect(tally.figures.returns).toBeGreaterThan(0);
        },
        TIME_MAX_MS,
      );

      it(
        "three processes lose and double nothing, whatever is killed",
        async () => expectClean(await runPool({ seed: 3, kills: 3, processes: 3 }), 3),
        TIME_MAX_MS,
      );
    },
  );
});
