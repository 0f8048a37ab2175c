/** The promise of `daemon/catalogue/metadata-store.ts`, for every implementation. */
import { describe, expect, it } from "vitest";
import {
  type MetadataStore,
  NOTHING,
  type Remembered,
} from "../../daemon/catalogue/metadata-store.js";

const FULL: Remembered = {
  pin: "a".repeat(64),
  files: {
    root: Buffer.from("root"),
    timestamp: Buffer.from("timestamp"),
    snapshot: Buffer.alloc(100_000, 7),
    targets: Buffer.from(""),
  },
  accepted: { timestamp: Buffer.from("t"), targets: Buffer.from("l") },
  signedAtMs: 1_790_000_000_000,
};

/** Runs the promise against what `open` opens. `reopen` restarts on the same storage. */
export function metadataStoreContract(
  name: string,
  open: () => Promise<MetadataStore>,
  reopen?: (old: MetadataStore) => Promise<MetadataStore>,
): void {
  describe(`${name} keeps the metadata store's promise`, () => {
    it("remembers nothing at first", async () => {
      const store = await open();
      expect(await store.read()).toEqual(NOTHING);
      await store.close();
    });

    it("gives back what was committed, all of it", async () => {
      const store = await open();
      await store.commit(FULL);
      expect(await store.read()).toEqual(FULL);
      await store.close();
    });

    it("replaces all of it: what is left out is forgotten", async () => {
      const store = await open();
      await store.commit(FULL);
      const less = { ...NOTHING, files: { root: Buffer.from("other") } };
      await store.commit(less);
      expect(await store.read()).toEqual(less);
      await store.close();
    });

    it.skipIf(reopen === undefined)("remembers after a restart", async () => {
      const store = await open();
      await store.commit(FULL);
      const again = await reopen?.(store);
      expect(await again?.read()).toEqual(FULL);
      await again?.close();
    });
  });
}
