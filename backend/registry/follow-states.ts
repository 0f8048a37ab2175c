/**
 * Keeps the registry of one process up with what the others wrote: a look every few seconds, and a
 * full comparison when something may have been missed.
 */
import type { Clock } from "#core/clock.js";
import type { SharedSnapshotStore } from "../store/shared-snapshot-store.js";
import type { Registry } from "./registry.js";

/** What following works with. */
export interface FollowDeps {
  readonly store: Pick<SharedSnapshotStore, "installationsAfter" | "installationIds">;
  readonly registry: Registry;
  /** Whether an installation delivers to this process, which then knows better. */
  readonly isDelivering: (installationId: string) => boolean;
  /** An installation is gone; its columns are to be zeroed. */
  readonly onGone: (columns: readonly number[]) => void;
}

/** Follows. */
export interface StateFollower {
  /** Looks once. Resolves with the commit up to which the registry knows everything. */
  look(): Promise<number>;
  /** Forgets what is not there any more. */
  compare(): Promise<void>;
  forget(installationId: string): void;
}

const LOOK_MS = 2_000;
/** A notice may be missed; so much later it is made up for. */
const COMPARE_MS = 10 * 60_000;

/** @param from the commit that the registry was read at */
export function createStateFollower(deps: FollowDeps, from: number): StateFollower {
  const { store, registry, isDelivering, onGone } = deps;
  let through = from;
  const forget = (id: string): void => {
    if (registry.find(id) !== undefined) onGone(registry.forget(id));
  };
  return {
    async look() {
      const found = await store.installationsAfter(through);
      for (const state of found.states) {
        const { installationId } = state;
        const isOurs = isDelivering(installationId) && registry.find(installationId) !== undefined;
        if (!isOurs) registry.adopt(state);
      }
      through = Math.max(through, found.through);
      return through;
    },
    async compare() {
      const ids = new Set(await store.installationIds());
      const gone = [...registry.members()].filter((one) => !ids.has(one.installationId));
      for (const { installationId } of gone)
        if (!isDelivering(installationId)) forget(installationId);
    },
    forget,
  };
}

/** Looks until the signal. */
export async function runStateFollower(
  deps: {
    readonly follower: StateFollower;
    readonly clock: Clock;
    readonly onFault: (fault: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { follower, clock, onFault } = deps;
  let comparedAtMs = clock.monotonicMs();
  let isWell = true;
  while (!signal.aborted) {
    try {
      await follower.look();
      if (clock.monotonicMs() - comparedAtMs >= COMPARE_MS) {
        await follower.compare();
        comparedAtMs = clock.monotonicMs();
      }
      isWell = true;
    } catch (fault) {
      if (isWell) onFault(fault);
      isWell = false;
    }
    await clock.sleep(LOOK_MS, signal);
  }
}
