/** News are asked for rarely, failures do not become a flood, and each change is told once. */
import { describe, expect, it } from "vitest";
import { runRefreshes } from "../../../daemon/catalogue/run-refreshes.js";
import { createChance } from "../../support/chance.js";
import { createCatalogueBed } from "../../support/daemon-catalogue.js";
import { settle } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { DAY_MS } from "../../support/tuf-repository.js";

async function runningBed() {
  const bed = await createCatalogueBed(temporaryFolder());
  const ending = new AbortController();
  const told: string[] = [];
  const log = (_: string, event: string) => void told.push(event);
  const { catalogue, clock } = bed;
  const running = runRefreshes({ catalogue, clock, chance: createChance(4), log }, ending.signal);
  const asked = () => bed.repository.asked.filter((name) => name === "timestamp.json").length;
  const asleep = async () => {
    while (clock.waiting === 0) await settle();
  };
  await asleep();
  return {
    ...bed,
    told,
    asked,
    /** In steps, so that every refresh ends before time goes on. */
    async pass(hours: number) {
      for (let hour = 0; hour < hours; hour += 1) {
        await clock.advance(3_600_000);
        await asleep();
      }
    },
    async end() {
      ending.abort();
      await running;
    },
  };
}

describe("runRefreshes", () => {
  it("asks at the start and once a day", async () => {
    const bed = await runningBed();
    expect(bed.asked()).toBe(1);
    await bed.pass(20);
    expect(bed.asked()).toBe(1);
    await bed.pass(4);
    expect(bed.asked()).toBe(2);
    expect(bed.told).toEqual(["catalogue.fresh"]);
    await bed.end();
  });

  it("tells a failure once, tries again, and tells when it is over", async () => {
    const bed = await runningBed();
    bed.repository.nowMs += DAY_MS;
    bed.repository.publish();
    const bytes = bed.repository.bytes("targets");
    bed.repository.files.delete("2.targets.json");
    await bed.pass(30);
    expect(bed.asked()).toBeGreaterThan(2);
    expect(bed.asked()).toBeLessThan(40);
    expect(bed.told).toEqual(["catalogue.fresh", "catalogue.failed"]);
    bed.repository.put("targets", 2, bytes);
    await bed.pass(8);
    expect(bed.told).toEqual(["catalogue.fresh", "catalogue.failed", "catalogue.fresh"]);
    await bed.end();
  });
});
