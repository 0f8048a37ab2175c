/**
 * A time series engine: a copy of what was measured, for questions over time.
 *
 * Blocks stay the truth; the engine may lose what it took lately, and be filled again from them.
 * Writing the same block twice is writing it once. `victoriametrics-engine.ts` keeps the promise on
 * VictoriaMetrics, `memory-series-engine.ts` for tests, losing on purpose what was not settled;
 * `test/contract/series-engine-contract.ts` holds both to it.
 */
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { Columns } from "#core/batch/columns.js";
import type { StoredBlock } from "./snapshot-store.js";

/** A block that was decoded. Buffers may be reused after the call. */
export interface DecodedBlock {
  readonly block: Pick<StoredBlock, "installationId" | "heatpumpModel"> & {
    readonly batch: Pick<StoredBlock["batch"], "deviceId">;
  };
  readonly table: ChannelTable;
  readonly columns: Columns;
}

/** What an engine holds, by asking it. */
export interface SeriesCount {
  readonly series: number;
  readonly samples: number;
}

/** What is known about the life of the engine's process. */
export interface EngineLife {
  /** Changes when the engine was started anew: what it took before may be gone. */
  readonly name: string;
  /** Since its start: rows that it took and left out. */
  readonly rowsRefused: number;
  /** As it says it, e.g. `v1.79.5`; left out: it does not. */
  readonly version?: string | undefined;
}

/** Several blocks on their way. */
export interface SeriesWriter {
  add(decoded: DecodedBlock): void;
  /** Bytes gathered so far. */
  readonly bytes: number;
  /** Resolves when the engine has taken them; a crash of the engine may still lose them. */
  send(): Promise<void>;
}

/** The engine. */
export interface SeriesEngine {
  /** @throws HeatpoolError `CONFIG_INVALID` it cannot be used as it is set up, `STORE_FAILED` away */
  life(): Promise<EngineLife>;
  begin(): SeriesWriter;
  /** Resolves when everything that was taken before would survive a crash of the engine. */
  settle(): Promise<void>;
  /** Removes everything of these installations; resolves when no question finds any of it. */
  erase(installationIds: readonly string[]): Promise<void>;
  /** Has the engine rewrite its files without what was removed; it does so in its own time. */
  compact(): Promise<void>;
  /** Of one installation, or of all. */
  count(installationId?: string): Promise<SeriesCount>;
}
