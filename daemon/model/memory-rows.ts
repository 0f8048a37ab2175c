/** The rows in memory, packed like on disk: for tests and replays. */
import { packRows, unpackRows } from "./packed-rows.js";
import { DAYS_KEPT_MAX, type DayFacts, type RowStore } from "./row-store.js";

export function createMemoryRows(): RowStore {
  const devices = new Map<string, Map<number, { facts: DayFacts; bytes: Buffer }>>();
  return {
    async put(deviceId, facts, rows) {
      const days = devices.get(deviceId) ?? new Map();
      devices.set(deviceId, days.set(facts.day, { facts, bytes: packRows(rows) }));
      for (const day of [...days.keys()].sort((a, b) => a - b).slice(0, -DAYS_KEPT_MAX))
        days.delete(day);
    },
    async read(deviceId, day) {
      const found = devices.get(deviceId)?.get(day);
      return found === undefined ? undefined : unpackRows(day, found.bytes);
    },
    async days(deviceId) {
      const all = [...(devices.get(deviceId)?.values() ?? [])].map(({ facts }) => facts);
      return all.sort((a, b) => a.day - b.day);
    },
    async forget(deviceId) {
      devices.delete(deviceId);
    },
    close: async () => undefined,
  };
}
