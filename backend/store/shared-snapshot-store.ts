/** The snapshot store where several processes write to it. */
import type { InstallationState } from "../registry/registry.js";
import type { SnapshotStore, StoredBlock } from "./snapshot-store.js";

/** What several processes on one store ask beside the port. */
export interface SharedSnapshotStore extends SnapshotStore {
  /** States that were written after a commit, and the newest commit that this answer covers. */
  installationsAfter(
    commitNumber: number,
  ): Promise<{ states: InstallationState[]; through: number }>;
  /** Blocks that begin on a day (UTC, since 1970) or later, of commits up to one. */
  blocksSince(day: number, through: number): AsyncIterable<StoredBlock>;
  /** Ids of all installations. */
  installationIds(): Promise<string[]>;
  /** Numbers of rollup columns that nobody else is given. */
  reserveColumns(): Promise<number[]>;
  /** Gives none below this number out: they are taken already. */
  skipColumns(columns: number): Promise<void>;
}
