/** Which snapshots of a device are stored, by their time. For doors whose senders number nothing. */
import { openSealed } from "#core/batch/batch-reader.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { readTimes } from "#core/batch/columns.js";
import { HeatpoolError } from "#core/errors.js";
import type { SnapshotStore } from "../store/snapshot-store.js";

const DAY_MS = 86_400_000;

/** Reads the times of one day. @throws HeatpoolError `STORE_FAILED`, `STORE_DAMAGED` */
export type ReadStoredTimes = (
  installationId: string,
  deviceId: string,
  dayMs: number,
) => Promise<Set<number>>;

export function createStoredTimes(
  store: Pick<SnapshotStore, "blocksOfDay" | "tables">,
): ReadStoredTimes {
  const tables = new Map<string, ChannelTable>();
  const findTable = async (id: Uint8Array): Promise<ChannelTable> => {
    const name = Buffer.from(id).toString("hex");
    if (!tables.has(name)) {
      for await (const one of store.tables()) tables.set(Buffer.from(one.id).toString("hex"), one);
    }
    const table = tables.get(name);
    if (table !== undefined) return table;
    throw new HeatpoolError("STORE_DAMAGED", `channel table ${name} is missing`, {
      hint: "Restore the store from a backup.",
    });
  };
  return async (installationId, deviceId, dayMs) => {
    const found = new Set<number>();
    const day = Math.floor(dayMs / DAY_MS);
    for await (const { batch } of store.blocksOfDay(installationId, deviceId, day)) {
      const columns = openSealed(batch, await findTable(batch.tableId));
      const times = new Float64Array(columns.rows);
      readTimes(columns, times);
      for (const atMs of times) found.add(atMs);
    }
    return found;
  };
}
