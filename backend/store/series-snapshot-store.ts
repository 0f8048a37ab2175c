/**
 * A snapshot store with a time series engine behind it.
 *
 * The store in front keeps everything and answers everything; a commit is acknowledged when it has
 * it. The engine gets a copy by the feed. The journal is not cut before the engine has what is in
 * it, and nothing counts as erased before the engine has nothing of it either.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { SeriesEngine } from "./series-engine.js";
import { ERASURES, type SeriesFeed } from "./series-feed.js";
import type { SnapshotStore } from "./snapshot-store.js";

/** How long an erasure waits for whoever feeds the engine. */
const ERASURE_MAX_MS = 60_000;
const LOOK_MS = 200;

/** @param feed of this process; left out: another process feeds the engine */
export function createSeriesSnapshotStore<Store extends SnapshotStore>(options: {
  readonly store: Store;
  readonly engine: SeriesEngine;
  readonly feed: () => SeriesFeed | undefined;
  readonly clock: Clock;
}): Store {
  const { store, engine, feed, clock } = options;
  let wantedThrough = 0;
  const waitForErasure = async (name: string): Promise<void> => {
    const untilMs = clock.monotonicMs() + ERASURE_MAX_MS;
    while (clock.monotonicMs() < untilMs) {
      await feed()?.step();
      const bytes = await store.record(name);
      if (bytes === undefined || bytes.length > 0) return;
      await clock.sleep(LOOK_MS, new AbortController().signal);
    }
    throw new HeatpoolError("STORE_FAILED", "the series engine has not erased it yet", {
      hint: "It will, as soon as it answers; ask again to be sure.",
    });
  };
  return Object.create(store, {
    forgetJournal: {
      async value(commitNumber: number) {
        wantedThrough = Math.max(wantedThrough, commitNumber);
        const through = Math.min(wantedThrough, feed()?.confirmedThrough ?? -1);
        if (through > 0) await store.forgetJournal(through);
      },
    },
    erase: {
      async value(installationId: string) {
        const name = `${ERASURES}${installationId}`;
        await store.putRecord(name, new Uint8Array(0));
        const removal = await store.erase(installationId);
        await waitForErasure(name);
        return removal;
      },
    },
    compact: {
      async value(slice: { index: number; of: number }) {
        await store.compact(slice);
        if (slice.index === 0) await engine.compact();
      },
    },
  }) as Store;
}
