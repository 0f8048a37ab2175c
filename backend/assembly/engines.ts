/** Opens the stores that the configuration names, and joins them. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Config, Places } from "../config.js";
import type { Log } from "../host/log.js";
import { openPostgresTombstones, type SharedTombstones } from "../privacy/postgres-tombstones.js";
import { openPostgres, type PostgresDatabase } from "../registry/postgres-database.js";
import type { EntrySource } from "../store/backup.js";
import { openLevelSnapshotStore } from "../store/level-snapshot-store.js";
import { demandFinished } from "../store/migrate-store.js";
import { openPostgresSnapshotStore } from "../store/postgres-snapshot-store.js";
import type { SeriesEngine } from "../store/series-engine.js";
import { openSeriesFeed, PLACE, runSeriesFeed, type SeriesFeed } from "../store/series-feed.js";
import { createSeriesSnapshotStore } from "../store/series-snapshot-store.js";
import type { SharedSnapshotStore } from "../store/shared-snapshot-store.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { createVictoriametricsEngine } from "../store/victoriametrics-engine.js";

/** What stores are opened with. */
export interface EngineParts {
  readonly config: Config;
  readonly places: Places;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
}

/** What several processes share. */
export interface SharedEngines {
  readonly database: PostgresDatabase;
  readonly store: SharedSnapshotStore;
  readonly tombstones: SharedTombstones;
}

/** The stores. */
export interface Engines {
  /** What keeps the store, e.g. `leveldb`. */
  readonly name: string;
  /** The embedded store as it is now; left out: it is not embedded. */
  readonly entries: EntrySource["entries"] | undefined;
  readonly store: SnapshotStore;
  /** Left out: this process is the only one. */
  readonly shared: SharedEngines | undefined;
  readonly series: SeriesEngine | undefined;
  /** Feeds the time series engine until the signal; one process at a time. */
  feed(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** @throws HeatpoolError an engine cannot be opened, or could not keep what it is given */
export async function openEngines(parts: EngineParts): Promise<Engines> {
  const { config, places, clock } = parts;
  const shared = config.registry.engine === "postgresql" ? await openShared(parts) : undefined;
  const embedded =
    shared === undefined ? await openLevelSnapshotStore({ folder: places.storeDir }) : undefined;
  const inner = shared?.store ?? (embedded as SnapshotStore);
  const name = shared === undefined ? "leveldb" : "postgresql";
  const entries = embedded?.entries;
  const close = async (): Promise<void> => {
    await inner.close();
    await shared?.database.close();
  };
  await demandFinished(inner).catch(async (cause: unknown) => {
    await close();
    throw cause;
  });
  if (config.store.engine === "embedded") {
    // Without a feed the journal is cut: an engine that comes later is filled from the beginning.
    await inner.removeRecord(PLACE);
    return {
      name,
      entries,
      store: inner,
      shared,
      series: undefined,
      feed: async () => undefined,
      close,
    };
  }
  const engine = openSeries(parts);
  let feed: SeriesFeed | undefined;
  try {
    await demandUsable(engine, parts.log);
  } catch (cause) {
    await close();
    throw cause;
  }
  const options = { engine, clock, feed: () => feed };
  const front = createSeriesSnapshotStore<SnapshotStore>({ ...options, store: inner });
  const both =
    shared === undefined
      ? undefined
      : { ...shared, store: createSeriesSnapshotStore({ ...options, store: shared.store }) };
  return {
    name: `${name} and victoriametrics`,
    entries,
    store: front,
    shared: both,
    series: engine,
    async feed(signal) {
      feed = await openSeriesFeed({
        store: inner,
        engine,
        clock,
        onRefused: (rows) => parts.log("error", "store.series-refused", { rows }),
      });
      const onFault = (fault: unknown): void =>
        parts.log("error", "store.series-away", { what: textOf(fault) });
      const onRecovered = (): void => parts.log("info", "store.series-back");
      await runSeriesFeed({ feed, clock, onFault, onRecovered }, signal);
      feed = undefined;
    },
    close,
  };
}

/** PostgreSQL, whatever engine is configured. */
export async function openShared(
  parts: Pick<EngineParts, "config" | "places" | "chance">,
): Promise<SharedEngines> {
  const database = await openPostgres({ url: postgresUrl(parts) });
  const tombstones = await openPostgresTombstones(database, parts.chance);
  const { isErased } = tombstones;
  const store = await openPostgresSnapshotStore({ database, newId: randomUUID, isErased });
  return { database, store, tombstones };
}

/** Where PostgreSQL is, with its password. */
export function postgresUrl({ config, places }: Pick<EngineParts, "config" | "places">): string {
  const url = new URL(config.registry.postgresql.url);
  const file = places.postgresPasswordFile;
  if (file !== undefined) url.password = encodeURIComponent(readSecret(file));
  return url.href;
}

/** VictoriaMetrics, whatever engine is configured. Makes no connection yet. */
export function openSeries({
  config,
  places,
}: Pick<EngineParts, "config" | "places"> & { clock: Clock }): SeriesEngine {
  const { url, tenant } = config.store.victoriametrics;
  const file = places.victoriametricsTokenFile;
  const token = file === undefined ? undefined : readSecret(file);
  return createVictoriametricsEngine({ url, tenant, token, rawMonths: config.retention.rawMonths });
}

/** An engine that is away is waited for: what comes in is kept. One that is set up wrong is told at once. */
async function demandUsable(engine: SeriesEngine, log: Log): Promise<void> {
  try {
    await engine.life();
  } catch (fault) {
    if (!(fault instanceof HeatpoolError && fault.retryable)) throw fault;
    log("warn", "store.series-away", { what: fault.message });
  }
}

/** @throws HeatpoolError `CONFIG_INVALID` the file cannot be read */
function readSecret(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `cannot read ${file}`, { cause });
  }
}

function textOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
