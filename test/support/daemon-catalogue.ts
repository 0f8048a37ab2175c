/** The daemon's catalogue over a repository in memory, with the clock in the test's hand. */
import type { Catalogue, RefreshReport } from "../../daemon/catalogue/catalogue.js";
import { openCatalogue } from "../../daemon/catalogue/create-catalogue.js";
import { createEffectiveTime } from "../../daemon/catalogue/effective-time.js";
import { createMemoryMetadataStore } from "../../daemon/catalogue/memory-metadata-store.js";
import type { MetadataStore } from "../../daemon/catalogue/metadata-store.js";
import { createFakeClock, type FakeClock } from "./fake-clock.js";
import { START_MS, TufRepository } from "./tuf-repository.js";

/** A daemon's side of the catalogue. */
export interface CatalogueBed {
  readonly repository: TufRepository;
  readonly clock: FakeClock;
  readonly store: MetadataStore;
  /** The catalogue now; a restart replaces it. */
  readonly catalogue: Catalogue;
  /** `"fresh"`, or the code of what it failed for. */
  refresh(): Promise<string>;
  report(): Promise<RefreshReport>;
  restart(pinnedRoot?: Uint8Array): Promise<void>;
  /** Both the daemon's and the repository's time. */
  pass(ms: number): Promise<void>;
}

export async function createCatalogueBed(
  folder: string,
  more: { store?: MetadataStore; repository?: TufRepository; builtAtMs?: number } = {},
): Promise<CatalogueBed> {
  const repository = more.repository ?? new TufRepository();
  const clock = createFakeClock(START_MS);
  const store = more.store ?? createMemoryMetadataStore();
  let pinned: Uint8Array = repository.bytes("root", 1);
  const open = () =>
    openCatalogue({
      store,
      source: repository,
      time: createEffectiveTime(clock, more.builtAtMs ?? 0),
      pinnedRoot: pinned,
      folder,
    });
  let catalogue = await open();
  const report = () => catalogue.refresh(new AbortController().signal);
  return {
    repository,
    clock,
    store,
    get catalogue() {
      return catalogue;
    },
    report,
    async refresh() {
      const told = await report();
      return told.outcome === "fresh" ? "fresh" : told.fault.code;
    },
    async restart(pinnedRoot) {
      pinned = pinnedRoot ?? pinned;
      catalogue = await open();
    },
    async pass(ms) {
      await clock.advance(ms);
      repository.nowMs += ms;
    },
  };
}
