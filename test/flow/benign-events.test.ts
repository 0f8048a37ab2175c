/**
 * What happens in a house without anything being wrong. At stake: an owner who is called for
 * nothing stops listening. Each event in one of three houses; `npm run bench -- benign` has all of
 * them in every house.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { EVENTS, HOUSES, learnHouse, liveThrough } from "../../bench/simulated/quiet-house.js";
import { createMemoryRows } from "../../daemon/model/memory-rows.js";
import { temporaryFolder } from "../support/folder.js";

describe.each(HOUSES)("house %i", (seed) => {
  const house = { seed, folder: temporaryFolder(), rows: createMemoryRows() };
  const mine = EVENTS.filter((_, at) => at % HOUSES.length === HOUSES.indexOf(seed));

  beforeAll(async () => {
    expect((await learnHouse(house)).told).toEqual([]);
  });

  it.each(mine)("$name rings no bell", async (event) => {
    expect(await liveThrough(house, event, temporaryFolder())).toEqual({ alarms: [], told: [] });
  });
});
