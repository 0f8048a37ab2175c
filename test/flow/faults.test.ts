/**
 * A few fixed seeds of every fault suite but `kill`, which has a file of its own. Longer runs and
 * other seeds: `npm run -s faults -- <suite>`.
 */
import { describe, expect, it } from "vitest";
import { run as clock } from "../../faults/clock.js";
import { run as device } from "../../faults/device.js";
import { canBuildShim } from "../../faults/disk-shim.js";
import { mutateSeed } from "../../faults/mutate-job.js";
import { run as network } from "../../faults/network.js";
import { run as power } from "../../faults/power.js";
import { run as storage } from "../../faults/storage.js";
import { runStorm } from "../../faults/storm.js";
import { isClean, type Request, type Tally } from "../../faults/suite.js";
import { runWeeks } from "../../faults/weeks.js";
import { temporaryFolder } from "../support/folder.js";

const TIME_MAX_MS = 180_000;

function ask(seeds: number, seed = 1): Request {
  return { seed, seeds, seconds: undefined, note: () => undefined };
}

/** Nothing lost, doubled, dead or unexplained; and there was something to lose. */
function expectClean(tally: Tally, runsMin: number): void {
  expect(tally.failures).toEqual([]);
  expect(isClean(tally)).toBe(true);
  expect(tally.runs).toBeGreaterThanOrEqual(runsMin);
  expect(tally.acked).toBeGreaterThan(tally.runs);
}

// The compiler comes with the real peers; where they must be there, so must it.
const isShimMissing = !canBuildShim() && process.env.CI !== "true";

describe.skipIf(isShimMissing)("a disk that is watched (needs Linux, gcc and libc6-dev)", () => {
  it(
    "200 power cuts at either end lose nothing that was committed or acked",
    async () => expectClean(await power(ask(8)), 200),
    TIME_MAX_MS,
  );

  it(
    "failing calls, cuts on top of them, and damaged files change nothing and lose no commit",
    async () => {
      const tally = await storage(ask(4));
      expectClean(tally, 100);
      expect(tally.figures.failedCalls).toBeGreaterThan(0);
      expect(tally.figures.damaged).toBe(80);
    },
    TIME_MAX_MS,
  );
});

describe("fault suites", () => {
  it(
    "a network that cuts, stalls, truncates and replays delivers everything once",
    async () => {
      const tally = await network(ask(12));
      expectClean(tally, 120);
      expect(tally.figures.sentTwice).toBeGreaterThan(0);
    },
    TIME_MAX_MS,
  );

  it(
    "a device that answers in every wrong way gives no wrong value",
    async () => expectClean(await device(ask(6)), 600),
    TIME_MAX_MS,
  );

  it(
    "clocks that do not know the time delete nothing",
    async () => expectClean(await clock(ask(20)), 40),
    TIME_MAX_MS,
  );

  it(
    "no changed field or byte of a request, block, record or file is taken for another value",
    async () => {
      const folder = temporaryFolder();
      for (const seed of [1, 2, 3]) {
        const tally = await mutateSeed(seed, 1_000, folder);
        expect(tally).toMatchObject({ failures: [], crashes: 0, figures: { accepted: 0 } });
        expect(tally.figures.rejected).toBeGreaterThan(800);
      }
    },
    TIME_MAX_MS,
  );

  it(
    "a thousand daemons that lost their backend do not come back in a wave",
    async () => {
      const tally = await runStorm(ask(1), 1_000);
      expect(tally).toMatchObject({ failures: [], runs: 3, acked: 3_000, lost: 0, unexplained: 0 });
    },
    TIME_MAX_MS,
  );

  it(
    "two days offline drain at the backend's rate, while fresh data pass",
    async () => expectClean(await runWeeks(ask(1), 2), 1),
    TIME_MAX_MS,
  );
});
