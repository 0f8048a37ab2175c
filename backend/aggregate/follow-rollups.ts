/**
 * Rollups where several processes take batches: the one that leads keeps them, from the journal of
 * all. Who begins to lead builds them anew from the blocks.
 */
import type { Clock } from "#core/clock.js";
import { type KeptRollups, type RollupSources, replayBlocks } from "./keep-rollups.js";

const LOOK_MS = 2_000;

/** Follows the journal until the signal. */
export async function runRollupFollower(
  deps: {
    readonly kept: KeptRollups;
    readonly sources: RollupSources;
    /** Brings the registry up; resolves with the commit up to which it knows every column. */
    readonly look: () => Promise<number>;
    readonly clock: Clock;
    readonly onFault: (fault: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { kept, sources, look, clock, onFault } = deps;
  const { state } = kept.rollups;
  let isWell = true;
  while (!signal.aborted) {
    try {
      const through = await look();
      if (through > state.appliedThrough) {
        await replayBlocks(kept, upTo(sources, state.appliedThrough, through), sources);
        state.appliedThrough = through;
      }
      isWell = true;
    } catch (fault) {
      if (isWell) onFault(fault);
      isWell = false;
    }
    await clock.sleep(LOOK_MS, signal);
  }
}

async function* upTo({ store }: RollupSources, after: number, through: number) {
  for await (const block of store.blocksAfter(after)) {
    if (block.commitNumber > through) return;
    yield block;
  }
}
