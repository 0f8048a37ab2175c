/**
 * Whether the store takes what the door brings. While it refuses, e.g. because its disk is full,
 * health says NOT_SERVING and nobody gets in to send batches in vain; streams end with the time to
 * come back. A write of its own finds out when it is well again.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Delivery, Ingest } from "../ingest/ingest.js";

/** What a watch works with. */
export interface StoreWatchParts {
  readonly ingest: Ingest;
  readonly clock: Clock;
  /** Writes about a batch durably. @throws when the store refuses */
  probe(): Promise<void>;
  onChange(isWell: boolean): void;
}

/** A store that refused is tried again after this time. */
const PROBE_MS = 10_000;

/** The same ingest, watched. @param signal ends the probing */
export function watchStore(parts: StoreWatchParts, signal: AbortSignal): Ingest {
  const { ingest, clock } = parts;
  let isWell = true;

  const probe = async (): Promise<void> => {
    while (!isWell && !signal.aborted) {
      await clock.sleep(PROBE_MS, signal);
      if (signal.aborted) return;
      isWell = await parts.probe().then(
        () => true,
        () => false,
      );
    }
    if (!signal.aborted) parts.onChange(true);
  };
  const watched = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (isWell && error instanceof HeatpoolError && error.code === "STORE_FAILED") {
        isWell = false;
        parts.onChange(false);
        void probe();
      }
      throw error;
    }
  };
  return {
    async open(introduction) {
      if (!isWell) throw new HeatpoolError("STORE_FAILED", "the store refuses writes at present");
      return watchDelivery(await watched(ingest.open(introduction)), watched);
    },
  };
}

function watchDelivery(delivery: Delivery, watched: <T>(work: Promise<T>) => Promise<T>): Delivery {
  return {
    get ackedThrough() {
      return delivery.ackedThrough;
    },
    get unknownTables() {
      return delivery.unknownTables;
    },
    get lossAckedThrough() {
      return delivery.lossAckedThrough;
    },
    learnTable: (table) => watched(delivery.learnTable(table)),
    take: (batch) => watched(delivery.take(batch)),
    takeLosses: (losses) => watched(delivery.takeLosses(losses)),
    takeBack: (batch) => watched(delivery.takeBack(batch)),
    close: () => delivery.close(),
  };
}
