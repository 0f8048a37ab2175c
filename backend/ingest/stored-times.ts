/** Which snapshots of a device are stored, by their time. For doors whose senders number nothing. */
import { openSealed } from "#core/batch/batch-reader.js";
import { readTimes } from "#core/batch/columns.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { FindTable } from "../store/table-finder.js";

const DAY_MS = 86_400_000;

/** Reads the times of one day. @throws HeatpoolError `STORE_FAILED`, `STORE_DAMAGED` */
export type ReadStoredTimes = (
  installationId: string,
  deviceId: string,
  dayMs: number,
) => Promise<Set<number>>;

export function createStoredTimes(
  store: Pick<SnapshotStore, "blocksOfDays">,
  findTable: FindTable,
): ReadStoredTimes {
  return async (installationId, deviceId, dayMs) => {
    const found = new Set<number>();
    const day = Math.floor(dayMs / DAY_MS);
    for await (const { batch } of store.blocksOfDays(installationId, deviceId, day, day + 1)) {
      const columns = openSealed(batch, await findTable(batch.tableId));
      const times = new Float64Array(columns.rows);
      readTimes(columns, times);
      for (const atMs of times) found.add(atMs);
    }
    return found;
  };
}
