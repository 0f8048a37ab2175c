/** A pool of installations whose coefficients of performance are known. */
import { createChannelTable } from "#core/batch/channel-table.js";
import {
  createMemorySnapshotStore,
  createShelf,
} from "../../backend/store/memory-snapshot-store.js";
import { createFakeClock } from "./fake-clock.js";
import { EPOCH, installationId, introduce, makeBatch, openBed } from "./pool-bed.js";

const DAY_MS = 86_400_000;
/** A day after the last of `WEEK`, at the time of the release. */
export const START_MS = Date.UTC(2026, 10, 10, 3, 15);
const TABLE = createChannelTable([
  { metric: "energy_heat_total", encoding: "int", multiplier: 1, decimals: 1, kind: "counter" },
  { metric: "energy_electric_total", encoding: "int", multiplier: 1, decimals: 1, kind: "counter" },
  { metric: "temp_outdoor", encoding: "int", multiplier: 1, decimals: 1, kind: "fastTemperature" },
]);

type Bed = Awaited<ReturnType<typeof openBed>>;

/** Installation n has a COP of 2 + n / 10 on each of the days. */
export async function contributeHeat(bed: Bed, n: number, days: readonly number[], first = 1) {
  const id = installationId(n);
  const hello = introduce(id);
  const devices = hello.devices.map((one) => ({ ...one, tableId: TABLE.id }));
  const epochs = [{ epochId: EPOCH, firstUnacked: 1, lastSealed: 0 }];
  const delivery = await bed.ingest.open({ ...hello, devices, epochs });
  if (delivery.unknownTables.length > 0) await delivery.learnTable(TABLE);
  for (const [k, day] of days.entries()) {
    const rows = Array.from({ length: 1440 }, (_, minute) => {
      const electric = 1000 + ((day - Math.floor(START_MS / DAY_MS) + 30) * 1440 + minute) / 10;
      return [Math.round(electric * (2 + n / 10)), Math.round(electric), 45];
    });
    await delivery.take(makeBatch(first + k, day * DAY_MS, rows, { table: TABLE }));
  }
  delivery.close();
}

const TODAY = Math.floor(START_MS / DAY_MS);
/** The seven whole days before `START_MS`. */
export const WEEK = [7, 6, 5, 4, 3, 2, 1].map((back) => TODAY - back);

/** A pool in which so many installations contributed a whole week. */
export async function wholeWeekOf(count: number, shelf = createShelf()) {
  const clock = createFakeClock(START_MS);
  const bed = await openBed(createMemorySnapshotStore(shelf), clock);
  for (let n = 1; n <= count; n++) await contributeHeat(bed, n, WEEK);
  return { bed, clock, shelf };
}
