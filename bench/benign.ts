/**
 * `npm run -s bench -- benign [--short]`: everything that happens in a house without anything being
 * wrong, in three houses, on the way of the daemon. What rings is named; the goal is nothing.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryRows } from "../daemon/model/memory-rows.js";
import type { BenchOptions } from "./harness.js";
import { EVENTS, HOUSES, learnHouse, liveThrough } from "./simulated/quiet-house.js";

export async function run({ short }: BenchOptions): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "heatpool-benign-"));
  const rang: string[] = [];
  let events = 0;
  try {
    for (const seed of short ? HOUSES.slice(0, 1) : HOUSES) {
      const house = { seed, folder: join(place, String(seed)), rows: createMemoryRows() };
      for (const title of (await learnHouse(house)).told) rang.push(`${seed}: learning: ${title}`);
      for (const event of EVENTS) {
        const folder = join(place, `${seed}-${event.name}`);
        const { alarms, told } = await liveThrough(house, event, folder);
        for (const title of new Set([...alarms, ...told]))
          rang.push(`${seed}: ${event.name}: ${title}`);
        events++;
        console.error(`house ${seed}, ${event.name}: ${alarms.length} alarms`);
      }
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  console.log(JSON.stringify({ bench: "benign", events, rang }));
}
