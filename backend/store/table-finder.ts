/** Channel tables by their id, read once: a table never changes. */
import type { ChannelTable } from "#core/batch/channel-table.js";
import { HeatpoolError } from "#core/errors.js";
import type { SnapshotStore } from "./snapshot-store.js";

/** @throws HeatpoolError `STORE_DAMAGED` no such table, although a block names it */
export type FindTable = (id: Uint8Array) => Promise<ChannelTable>;

export function createTableFinder(store: Pick<SnapshotStore, "tables">): FindTable {
  const tables = new Map<string, ChannelTable>();
  return async (id) => {
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
}
