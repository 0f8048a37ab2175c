/** The history in memory, for tests and for trials without a disk. */

import { type HistoryOptions, openBlockHistory } from "./block-history.js";
import type { BlockStore } from "./block-store.js";
import type { History } from "./history.js";

export function createMemoryHistory(
  options: HistoryOptions,
  store: BlockStore = createMemoryBlockStore(),
): Promise<History> {
  return openBlockHistory(store, options);
}

/** A store that lives as long as the process. */
export function createMemoryBlockStore(): BlockStore {
  const records = new Map<string, Buffer>();
  return {
    async write(changes) {
      for (const { key, value } of changes) {
        if (value === undefined) records.delete(key.toString("hex"));
        else records.set(key.toString("hex"), Buffer.from(value));
      }
    },
    get: async (key) => records.get(key.toString("hex")),
    between(first, end) {
      const found = [...records]
        .filter(([name]) => name >= first.toString("hex") && name < end.toString("hex"))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => ({ key: Buffer.from(name, "hex"), value }));
      return (async function* () {
        yield* found;
      })();
    },
    compact: async () => undefined,
    close: async () => undefined,
  };
}
