/** `heatpool-backend migrate`: from the embedded store to the engines, while no backend serves. */
import { HeatpoolError } from "#core/errors.js";
import { openSeries, openShared } from "../assembly/engines.js";
import { createLog } from "../host/log.js";
import { moveTombstones } from "../privacy/postgres-tombstones.js";
import { readTombstones } from "../privacy/tombstones.js";
import { openFileIdentityStore } from "../registry/file-identity-store.js";
import type { PostgresDatabase } from "../registry/postgres-database.js";
import { openPostgresIdentityStore } from "../registry/postgres-identity-store.js";
import { openLevelSnapshotStore } from "../store/level-snapshot-store.js";
import { type MigrationReport, migrateStore } from "../store/migrate-store.js";
import { openSeriesFeed } from "../store/series-feed.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { loadConfig, type Machine } from "./machine.js";

/** What it is asked for. */
export interface MigrateOptions {
  readonly config: string;
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

const TARGETS = ["postgresql", "victoriametrics"];

/**
 * May be ended and begun again.
 *
 * @throws HeatpoolError `USAGE`, `STORE_LOCKED` a backend serves, and what either store says
 */
export async function migrate(machine: Machine, options: MigrateOptions): Promise<void> {
  const targets = options.to.split("+");
  const isKnown = targets.every((one) => TARGETS.includes(one)) && options.from === "embedded";
  if (!isKnown || new Set(targets).size !== targets.length) {
    throw new HeatpoolError("USAGE", `cannot migrate from ${options.from} to ${options.to}`, {
      hint: "--from embedded --to postgresql, victoriametrics or victoriametrics+postgresql",
    });
  }
  const loaded = loadConfig(options.config);
  const { clock, chance } = machine;
  const log = createLog({
    write: () => undefined,
    clock,
    threshold: () => "error",
    mask: (text) => text,
  });
  const parts = { ...loaded, clock, chance, log };
  const say = (line: string): void => {
    if (!options.json) machine.print(line);
  };
  const from = await openLevelSnapshotStore({ folder: loaded.places.storeDir });
  const shared = targets.includes("postgresql")
    ? await openShared(parts).catch(async (cause: unknown) => {
        await from.close();
        throw cause;
      })
    : undefined;
  try {
    let report: MigrationReport | undefined;
    if (shared !== undefined) {
      await moveTombstones(shared.database, readTombstones(loaded.places.tombstonesFile));
      await moveIdentities(loaded.places.identitiesDir, shared.database);
      await shared.store.skipColumns(await columnsOf(from));
      const onProgress = (done: number): void => say(`${done} installations copied`);
      report = await migrateStore({ from, to: shared.store, onProgress });
    }
    const samples = targets.includes("victoriametrics")
      ? await fill(shared?.store ?? from, parts)
      : undefined;
    if (options.json) machine.print(JSON.stringify({ ...report, samples }));
    if (report !== undefined) for (const line of describe(report)) say(line);
    if (samples !== undefined) say(`VictoriaMetrics holds ${samples} samples`);
    say("Set store.engine and registry.engine accordingly, then start the backend.");
  } finally {
    await shared?.database.close();
    await from.close();
  }
}

/** Proofs of those that were erased stay where they are: they are files for a dispute. */
async function moveIdentities(folder: string, database: PostgresDatabase): Promise<void> {
  const from = await openFileIdentityStore(folder);
  const to = openPostgresIdentityStore(database);
  for (const identity of await from.all()) await to.put(identity);
  for (const claim of await from.usedClaims()) await to.useClaim(claim);
}

/** Hands everything on, and has the engine say how much it holds. */
async function fill(
  store: SnapshotStore,
  parts: Parameters<typeof openSeries>[0],
): Promise<number> {
  const engine = openSeries(parts);
  let refused = 0;
  const onRefused = (rows: number): void => {
    refused += rows;
  };
  const feed = await openSeriesFeed({ store, engine, clock: parts.clock, onRefused });
  await feed.finish();
  const { samples } = await engine.count();
  if (refused === 0) return samples;
  throw new HeatpoolError("STORE_FAILED", `VictoriaMetrics left ${refused} readings out`, {
    hint: "Look at its -retentionPeriod and at its log, then migrate again.",
  });
}

async function columnsOf(store: SnapshotStore): Promise<number> {
  let columns = 0;
  for await (const { models } of store.installations()) {
    for (const { column } of models) columns = Math.max(columns, column + 1);
  }
  return columns;
}

function describe({ before, after, copied }: MigrationReport): string[] {
  const names = Object.keys(before) as (keyof typeof before)[];
  const line = (name: keyof typeof before): string =>
    `${name.padEnd(14)} ${String(before[name]).padStart(14)} ${String(after[name]).padStart(14)}`;
  return [
    `${copied} installations copied now`,
    "               before          after",
    ...names.map(line),
  ];
}
