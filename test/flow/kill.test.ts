/**
 * The whole journey with the real programs from `dist/`, killed again and again. Longer runs and
 * other seeds: `npm run -s faults -- kill`.
 */
import { describe, expect, it } from "vitest";
import { run } from "../../faults/kill.js";

const KILLS = 50;
const TIME_MAX_MS = 300_000;

describe("daemon and backend that are killed at any moment", () => {
  it(
    `lose nothing that was committed and store nothing twice, ${KILLS} times in a row`,
    async () => {
      const tally = await run({ seed: 1, seeds: KILLS, seconds: undefined, note: () => undefined });
      expect(tally.failures).toEqual([]);
      const { runs, lost, doubled, crashes, unexplained } = tally;
      expect({ runs, lost, doubled, crashes, unexplained }).toEqual({
        runs: KILLS,
        lost: 0,
        doubled: 0,
        crashes: 0,
        unexplained: 0,
      });
      // Proof that there was something to lose, and that acks were lost on their way.
      expect(tally.acked).toBeGreaterThan(KILLS);
      expect(tally.figures.sentTwice).toBeGreaterThan(0);
    },
    TIME_MAX_MS,
  );
});
