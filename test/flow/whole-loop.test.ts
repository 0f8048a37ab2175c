/**
 * The product's promise as one run of the packaged programs: contribute, train, publish, receive, a
 * fault at one home, its owner told what departs and that it is over. `npm run demo -- --loop`
 * without `--short` is the same with more homes.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { StoryFacts } from "../../scripts/demo/loop/story.js";
import { askProgram } from "../../scripts/demo/program.js";
import { isBuilt } from "../support/model-stage.js";

const DEMO = fileURLToPath(new URL("../../scripts/demo/demo.ts", import.meta.url));
/** On a machine that is busy with ten other things. */
const PATIENCE_MS = 1_800_000;

describe.skipIf(!isBuilt)("the whole loop, in a closed test pool of five homes", () => {
  it(
    "finds the fan of one home with what all contributed, tells its owner, and leaves the others in peace",
    async ({ signal }) => {
      const flags = ["--import", "tsx", "--conditions=source"];
      const printed = await askProgram([...flags, DEMO, "--loop", "--short"], signal);
      const facts = JSON.parse(printed) as StoryFacts & { readonly loop: string };
      expect(facts).toMatchObject({
        ...{ loop: "closed", homes: 5, living: 2, daysContributed: 30, closedTestPool: true },
        ...{ release: 1, receivedBy: 2, heldByBackend: 2, fault: "fan_failure", pollsFailed: 0 },
        training: { outcome: "candidate" },
        alarm: { source: "community", model: "1" },
        ...{ alarmsOfTheFaultyHome: 1, alarmsOfNeighbours: 0, snapshotsUnaccounted: 0 },
      });
      // Five homes, a row every five minutes of thirty days and of today so far.
      expect(facts.rowsContributed).toBeGreaterThanOrEqual(5 * 30 * 288);
      expect(facts.rowsContributed).toBeLessThanOrEqual(5 * 31 * 288);
      const { alarm } = facts;
      expect(alarm.parts).toContain("heating.fan");
      expect(alarm.told).toContain("Heating, fan speed: ");
      expect(alarm.told).toContain("Compared with the community's model");
      expect(alarm.hoursAfterFault).toBeGreaterThan(0);
      expect(alarm.toldHoursAfterFault).toBeGreaterThanOrEqual(alarm.hoursAfterFault);
      expect(alarm.resolvedHoursAfterMending).toBeGreaterThan(0);
      expect(alarm.endToldHoursAfterMending).toBeGreaterThanOrEqual(
        alarm.resolvedHoursAfterMending,
      );
      // Nothing is told before a new installation is a fortnight old.
      expect(facts.daysLived).toBeGreaterThan(14);
    },
    PATIENCE_MS,
  );
});
