/**
 * Whether the store takes what the door brings. While it refuses, e.g. because its disk is full,
 * health says NOT_SERVING and nobody gets in to send batches in vain; who is inside stays, and waits.
 * A write of its own finds out when it is well again.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";

/** What a watch works with. */
export interface StoreWatchParts {
  readonly clock: Pick<Clock, "sleep">;
  /** Writes about a batch durably. @throws when the store refuses */
  probe(): Promise<void>;
  onChange(isWell: boolean): void;
}

/** Whether the store is well, as far as anybody knows. */
export interface StoreWatch {
  readonly isWell: boolean;
  /** @throws HeatpoolError `STORE_FAILED` it is not */
  demandWell(): void;
  /** The same work, whose failure is noted. */
  watched<T>(work: Promise<T>): Promise<T>;
}

/** A store that refused is tried again after this time. */
export const PROBE_MS = 10_000;

/** @param signal ends the probing */
export function createStoreWatch(parts: StoreWatchParts, signal: AbortSignal): StoreWatch {
  let isWell = true;

  const probe = async (): Promise<void> => {
    while (!isWell && !signal.aborted) {
      await parts.clock.sleep(PROBE_MS, signal);
      if (signal.aborted) return;
      isWell = await parts.probe().then(
        () => true,
        () => false,
      );
    }
    if (!signal.aborted) parts.onChange(true);
  };
  return {
    get isWell() {
      return isWell;
    },
    demandWell() {
      if (isWell) return;
      throw new HeatpoolError("STORE_FAILED", "the store refuses writes at present");
    },
    async watched(work) {
      try {
        return await work;
      } catch (error) {
        if (isWell && isStoreFailure(error)) {
          isWell = false;
          parts.onChange(false);
          void probe();
        }
        throw error;
      }
    },
  };
}

/** Whether nothing was decided because the store could not write. */
export function isStoreFailure(error: unknown): boolean {
  return error instanceof HeatpoolError && error.code === "STORE_FAILED";
}
