/**
 * A small world in one process: a backlog as the daemon has it and a store behind ingest as the
 * backend has it, each in its folder, and deliveries between the two by the rules of the uplink.
 * Snapshots are the oracle's, so that what is stored at the end proves itself.
 */
import { join } from "node:path";
import { type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { digestCheck } from "#core/batch/digest.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { METRICS } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Delivery } from "../backend/ingest/ingest.js";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import type { SnapshotStore } from "../backend/store/snapshot-store.js";
import type { Backlog, BacklogEntry, DeviceStream } from "../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../daemon/backlog/level-backlog.js";
import type { OpenDatabase } from "../daemon/backlog/level-database.js";
import { createChance, createRandom } from "../test/support/chance.js";
import type { FakeClock } from "../test/support/fake-clock.js";
import { introduce, openBed } from "../test/support/pool-bed.js";
import { CHECK_METRIC, checkOf, NUMBER_METRIC, numbersOf, ORACLE_TABLE } from "./oracle.js";

/** Minutes on the grid. */
export const STEP_MS = 60_000;
const INSTALLATION = "00000000-0000-4000-8000-000000000001";
/** Columns of noise beside number and check value, so that files grow. */
const NOISE_COLUMNS = 60;
const ROWS_MAX = 7;
const LIMIT_BYTES = 4 * 2 ** 20;
/** Epochs that one hello names. */
const EPOCHS_MAX = 64;

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

  async function deliver(batches: number, losesAck: () => boolean): Promise<void> {
    const epochs = backlog.epochs().slice(-EPOCHS_MAX);
    const devices = backlog.streams().map(({ table, ...stream }) => ({
      ...stream,
      tableId: table.id,
    }));
    const delivery = await bed.ingest.open(introduce(INSTALLATION, { devices, epochs }));
    try {
      for (const table of backlog.streams().map((one) => one.table)) {
        const isUnknown = delivery.unknownTables.some((id) => Buffer.compare(id, table.id) === 0);
        if (isUnknown) await delivery.learnTable(table);
      }
      for (const [index, { epochId, lastSealed }] of epochs.entries()) {
        const through = delivery.ackedThrough[index] ?? 0;
        const none = { admitted: 0, duplicate: 0, rejected: 0 };
        if (through > lastSealed) await backlog.beginEpoch();
        else await backlog.acknowledge({ epochId, ackedThrough: through, ...none });
        if (through > lastSealed) continue;
        for (const entry of await backlog.after(epochId, through, batches)) {
          const isLast = losesAck();
          await send(delivery, entry, index, isLast);
          // With the ack the stream is gone.
          if (isLast) return;
        }
      }
    } finally {
      delivery.close();
    }
  }

  async function send(
    delivery: Delivery,
    { epochId, sequence, sealed }: BacklogEntry,
    epoch: number,
    isAckLost: boolean,
  ): Promise<void> {
    const device = backlog
      .streams()
      .findIndex(({ table }) => Buffer.compare(table.id, sealed.tableId) === 0);
    const { rows, slot, codec, plainBytes, block } = sealed;
    const check = digestCheck(sealed.digest);
    const batch = { device, epoch, sequence, rows, slot, codec, plainBytes, check, block };
    const { admitted, duplicate, rejected } = await delivery.take(batch);
    const counts = { admitted, duplicate, rejected };
    if (!isAckLost) await backlog.acknowledge({ epochId, ackedThrough: sequence, ...counts });
  }

  const waiting = (): number => backlog.status().snapshots + backlog.status().unsealed;
  return {
    backlog,
    store,
    record: (number) => backlog.record(snapshotOf(number, clock)),
    async deliver(batches, losesAck) {
      // A server whose disk refuses ends the stream; the daemon comes back.
      await deliver(batches, losesAck).catch((fault: unknown) => {
        if (!(fault instanceof HeatpoolError)) throw fault;
      });
    },
    async drain() {
      await backlog.seal();
      for (let tries = 0; tries < 3 && waiting() > 0; ) {
        const before = waiting();
        await deliver(Number.MAX_SAFE_INTEGER, () => false);
        if (waiting() >= before) tries++;
      }
    },
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
