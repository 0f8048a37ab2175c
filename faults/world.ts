/**
 * A small world in one process: a backlog as the daemon has it and a store behind ingest as the
 * backend has it, each in its folder, and deliveries between the two by the rules of the uplink.
 * Snapshots are the oracle's, so that what is stored at the end proves itself.
 */
import { join } from "node:path";
import { type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { METRICS } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import type { SnapshotStore } from "../backend/store/snapshot-store.js";
import type { Backlog, DeviceStream } from "../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../daemon/backlog/level-backlog.js";
import type { OpenDatabase } from "../daemon/backlog/level-database.js";
import { createChance, createRandom } from "../test/support/chance.js";
import type { FakeClock } from "../test/support/fake-clock.js";
import { openBed } from "../test/support/pool-bed.js";
import { createLink } from "./link.js";
import { CHECK_METRIC, checkOf, NUMBER_METRIC, numbersOf, ORACLE_TABLE } from "./oracle.js";

/** Minutes on the grid. */
export const STEP_MS = 60_000;
/** Columns of noise beside number and check value, so that files grow. */
const NOISE_COLUMNS = 60;
const ROWS_MAX = 7;
const LIMIT_BYTES = 4 * 2 ** 20;

const noise = METRICS.filter(
  ({ unit, resolution }) => unit === "°C" && resolution.decimals === 1,
).slice(0, NOISE_COLUMNS);

/** The oracle's channels and noise. */
export const WORLD_TABLE: ChannelTable = createChannelTable([
  ...ORACLE_TABLE.channels,
  ...noise.map(({ id, behaviour }) => ({
    metric: id,
    encoding: "int" as const,
    multiplier: 1,
    decimals: 1,
    kind: behaviour,
  })),
]);

/** How a world is opened. */
export interface WorldOptions {
  /** Holds `pi` and `server`. */
  readonly folder: string;
  readonly clock: FakeClock;
  readonly bootId: string;
  readonly seed: number;
  readonly openDatabase?: OpenDatabase;
}

/** A world that runs. */
export interface World {
  readonly backlog: Backlog;
  readonly store: SnapshotStore;
  /** Takes snapshot `number`, now. */
  record(number: number): void;
  /** One stream: hello, up to `batches` of each epoch, acks of which `losesAck` takes some. */
  deliver(batches: number, losesAck: () => boolean): Promise<void>;
  /** Delivers until nothing waits, or until it does not get less any more. */
  drain(): Promise<void>;
  /** Everything the store holds. */
  stored(): Promise<(number | undefined)[]>;
  close(): Promise<void>;
}

/** The oracle's snapshot of that number. */
export function snapshotOf(number: number, clock: Clock, deviceId = "unit-1"): Snapshot {
  const random = createRandom(number);
  const good = (metric: string, value: number) => ({ metric, value, quality: "good" }) as const;
  return {
    deviceId,
    takenAtMs: clock.nowMs(),
    monotonicMs: clock.monotonicMs(),
    clockSynced: clock.isSynced(),
    readings: [
      good(NUMBER_METRIC, number),
      good(CHECK_METRIC, checkOf(number)),
      ...noise.map(({ id, min, max }) =>
        good(id, Math.round((min + random() * (max - min)) * 10) / 10),
      ),
    ],
  };
}

/** The world's one device. */
export function worldStream(): DeviceStream {
  return {
    deviceId: "unit-1",
    profile: "oracle/counter",
    profileVersion: 1,
    heatpumpModel: "oracle/counter",
    table: WORLD_TABLE,
    stepMs: STEP_MS,
  };
}

/** Opens both ends as their programs do. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { folder, clock } = options;
  const backlog = await openLevelBacklog({
    directory: join(folder, "pi"),
    streams: [worldStream()],
    bootId: options.bootId,
    clock,
    chance: createChance(options.seed),
    commitIntervalMs: 0,
    limitBytes: LIMIT_BYTES,
    rowsMax: ROWS_MAX,
    ...(options.openDatabase === undefined ? {} : { openDatabase: options.openDatabase }),
  });
  const store = await openLevelSnapshotStore({ folder: join(folder, "server") }).catch(
    async (fault: unknown) => {
      await backlog.close();
      throw fault;
    },
  );
  const bed = await openBed(store, clock);

  const link = createLink(backlog, bed.ingest);
  return {
    backlog,
    store,
    record: (number) => backlog.record(snapshotOf(number, clock)),
    async deliver(batches, losesAck) {
      // A server whose disk refuses ends the stream; the daemon comes back.
      await link.deliver(batches, losesAck).catch((fault: unknown) => {
        if (!(fault instanceof HeatpoolError)) throw fault;
      });
    },
    drain: link.drain,
    async stored() {
      const numbers: (number | undefined)[] = [];
      for await (const { batch } of store.blocks()) numbers.push(...numbersOf(batch, WORLD_TABLE));
      return numbers;
    },
    async close() {
      await backlog.close();
      await store.close();
    },
  };
}
