/**
 * Keeps rollups and store together over restarts: loads the snapshot, replays what came after it,
 * and writes a new snapshot now and then.
 */

import { openSealed } from "#core/batch/batch-reader.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { createColumns } from "#core/batch/columns.js";
import type { Clock } from "#core/clock.js";
import type { SnapshotStore, StoredBlock } from "../store/snapshot-store.js";
import { COMMUNITY_METRICS } from "./community-metrics.js";
import { loadRollups, saveRollups } from "./rollup-file.js";
import { createPartBuilder, HOUR_MS, type PartBuilder } from "./rollup-part.js";
import { createRollups, RING_HOURS, type Rollups } from "./rollups.js";

/** Time between two snapshots of the rollups. */
const SNAPSHOT_INTERVAL_MS = 10 * 60_000;

/** Rollups and what computes their parts. */
export interface KeptRollups {
  readonly rollups: Rollups;
  readonly parts: PartBuilder;
}

/** What a start needs. */
export interface RollupSources {
  readonly store: SnapshotStore;
  /** Column of an installation's heat pump model, as the registry has it. */
  columnOf(installationId: string, heatpumpModel: string): number | undefined;
  /** Snapshot file; without one the rollups are always built from the blocks. */
  readonly file?: string;
  /** Where others write at the same time: blocks of the last days, up to a commit. */
  readonly recent?: { readonly through: number; blocks(): AsyncIterable<StoredBlock> };
}

/** Rollups of nothing. */
export function emptyRollups(): KeptRollups {
  return { rollups: createRollups(COMMUNITY_METRICS), parts: createPartBuilder(COMMUNITY_METRICS) };
}

/** Rollups that hold exactly what the store holds of the last hours. */
export async function restoreRollups(sources: RollupSources): Promise<KeptRollups> {
  const { store, file, recent } = sources;
  const loaded = file === undefined ? undefined : await loadRollups(file, COMMUNITY_METRICS);
  const isUsable = loaded !== undefined && loaded.appliedThrough <= store.committedThrough;
  const rollups = createRollups(COMMUNITY_METRICS, isUsable ? loaded : undefined);
  const kept: KeptRollups = { rollups, parts: createPartBuilder(COMMUNITY_METRICS) };
  const all = recent === undefined ? store.blocks() : recent.blocks();
  const blocks = isUsable ? store.blocksAfter(loaded.appliedThrough) : all;
  await replayBlocks(kept, blocks, sources);
  rollups.state.appliedThrough = recent?.through ?? store.committedThrough;
  return kept;
}

/** Applies blocks of the last hours; others change nothing. */
export async function replayBlocks(
  { rollups, parts }: KeptRollups,
  blocks: AsyncIterable<StoredBlock>,
  { store, columnOf }: RollupSources,
): Promise<void> {
  const tables = new Map<string, ChannelTable>();
  for await (const table of store.tables()) tables.set(hex(table.id), table);
  for await (const { installationId, heatpumpModel, lastMs, batch } of blocks) {
    const column = columnOf(installationId, heatpumpModel);
    const table = tables.get(hex(batch.tableId));
    const isOld = Math.floor(lastMs / HOUR_MS) <= rollups.state.newestHour - RING_HOURS;
    if (column === undefined || table === undefined || isOld) continue;
    const columns = openSealed(batch, table, createColumns(table, batch.rows));
    rollups.apply(column, parts.build(columns, table), 0);
  }
}

/**
 * Writes a snapshot every few minutes and once more at the end; then the journal may be cut. A
 * snapshot that cannot be written costs nothing but a longer start: the journal stays.
 */
export async function runRollupSnapshots(
  deps: {
    readonly rollups: Rollups;
    readonly store: SnapshotStore;
    readonly file: string;
    readonly clock: Clock;
    readonly onFault?: (fault: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { rollups, store, file, clock, onFault } = deps;
  let savedThrough = -1;
  while (!signal.aborted) {
    await clock.sleep(SNAPSHOT_INTERVAL_MS, signal);
    if (rollups.state.appliedThrough === savedThrough) continue;
    try {
      savedThrough = await saveRollups(file, rollups.state);
      await store.forgetJournal(savedThrough);
    } catch (fault) {
      onFault?.(fault);
    }
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
