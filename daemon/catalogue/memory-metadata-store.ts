/** Remembers the catalogue while the process lives: for tests. */
import { type MetadataStore, NOTHING, type Remembered } from "./metadata-store.js";

export function createMemoryMetadataStore(): MetadataStore {
  let kept: Remembered = NOTHING;
  return {
    read: async () => kept,
    async commit(remembered) {
      kept = remembered;
    },
    close: async () => {},
  };
}
