/**
 * Thirty days without the backend: 80 registers every minute into the real backlog on LevelDB, then
 * the real uplink drains it through the real door at the rate the backend allows, while fresh
 * snapshots go on coming. Every cell that was recorded must be stored, once and unchanged.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { type Channel, type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import type { Clock } from "#core/clock.js";
import { METRICS } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { createMemorySnapshotStore } from "../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../backend/store/snapshot-store.js";
import { CHANNELS, type Dataset, generate } from "../bench/gen.mjs";
import { METRIC_OF_CHANNEL } from "../bench/gen-metrics.js";
import type { Backlog, DeviceStream } from "../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../daemon/backlog/level-backlog.js";
import { createGrpcTransport } from "../daemon/uplink/grpc-transport.js";
import { runUplink } from "../daemon/uplink/uplink.js";
import { createChance } from "../test/support/chance.js";
import { openDoor, RULES } from "../test/support/door.js";
import { createFakeBehind } from "../test/support/fake-behind.js";
import { createFakeClock, type FakeClock } from "../test/support/fake-clock.js";
import { openBed } from "../test/support/pool-bed.js";
import {
  addFigure,
  createTally,
  describeFault,
  type Request,
  seedsOf,
  type Tally,
} from "./suite.js";
import { bootOf } from "./world-life.js";

const DAYS = 30;
const STEP_MS = 60_000;
const ROWS_PER_DAY = 1_440;
/** Registers of a house: those of the generator and some of a second one. */
const REGISTERS = 80;
/** What sealing may move a time by. */
const TIME_TOLERANCE_MS = 1_000;
/** Fresh rows after the connection is back. */
const FRESH_ROWS = 6;
/**
 * While the backlog drains time goes on by steps, one each time the program has had a turn of its
 * own: a machine that gives it few turns lets little time pass. What it worked is added as the time
 * of its processors, so that slow work still counts.
 */
const TURN_MS = 5;
const STEP_PER_TURN_MS = 150;
const BACKLOG_BYTES_PER_SECOND = 32 * 1024;
const DRAIN_MS_MAX = 120_000;
/** The longest wait for the drain, in simulated time. */
const PATIENCE_MS = 30 * 60_000;
const INSTALLATION = "00000000-0000-4000-8000-000000000003";

export async function run(request: Request): Promise<Tally> {
  return await runWeeks(request, DAYS);
}

/** The same with another number of days offline. */
export async function runWeeks(request: Request, days: number): Promise<Tally> {
  const all = createTally();
  for (const seed of seedsOf(request, 1)) {
    // Thousands of commits; a disk in memory spares the real one, and syncs are not the question.
    const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
    const folder = await mkdtemp(join(place, "heatpool-weeks-"));
    try {
      await runOne({ seed, days, folder, note: request.note }, all);
    } catch (fault) {
      all.crashes++;
      all.failures.push(`seed ${seed}: ${describeFault(fault)}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return all;
}

/** A house as data. */
interface House {
  readonly table: ChannelTable;
  readonly rows: number;
  readonly timesMs: readonly number[];
  /** Values of a row by metric. */
  valuesOf(row: number): ReadonlyMap<string, number>;
}

async function runOne(
  of: { seed: number; days: number; folder: string; note: (text: string) => void },
  tally: Tally,
): Promise<void> {
  const { seed, days, folder, note } = of;
  const house = createHouse(seed, days);
  const stream: DeviceStream = {
    deviceId: "unit-1",
    profile: "idm/navigator-2.0",
    profileVersion: 1,
    heatpumpModel: "idm/navigator-2.0",
    table: house.table,
    stepMs: STEP_MS,
  };
  const open = (clock: Clock, life: number): Promise<Backlog> =>
    openLevelBacklog({
      directory: folder,
      streams: [stream],
      bootId: bootOf(seed),
      clock,
      chance: createChance(seed + life),
    });
  const startMs = house.timesMs[0] ?? 0;
  const offlineRows = house.rows - FRESH_ROWS;
  const clock = createFakeClock(startMs);
  const offline = await open(clock, 1);
  for (let row = 0; row < offlineRows; row++) {
    await clock.advance((house.timesMs[row] ?? 0) - clock.nowMs());
    offline.record(snapshotOf(house, row));
    if (row % (ROWS_PER_DAY * 5) === 0) note(`day ${row / ROWS_PER_DAY}`);
  }
  await offline.seal();
  const { batches } = offline.status();
  let sealedBytes = 0;
  for (const { epochId } of offline.epochs()) {
    for (const { sealed } of await offline.after(epochId, 0, batches)) {
      sealedBytes += sealed.block.length;
    }
  }
  const { files, reserve } = await measure(folder);
  await offline.close();
  tally.runs++;
  addFigure(tally, "readings", offlineRows * REGISTERS);
  addFigure(tally, "sealedBytes", sealedBytes);
  addFigure(tally, "directoryBytes", files);
  addFigure(tally, "reserveBytes", reserve);
  note(`${offlineRows} rows in ${batches} batches, ${sealedBytes} bytes, directory ${files}`);

  const later = createFakeClock(house.timesMs[offlineRows] ?? 0);
  const backlog = await open(later, 2);
  const store = createMemorySnapshotStore();
  const drain = await drainAll({ backlog, store, hand: later, seed, house, offlineRows });
  addFigure(tally, "drainSeconds", Math.round(drain.drainMs / 1000));
  addFigure(tally, "drainCpuSeconds", Math.round(drain.cpuMs / 100) / 10);
  addFigure(tally, "freshLagSeconds", Math.round(drain.lagMs / 10) / 100);
  addFigure(tally, "freshAcks", drain.freshAcks);
  await compare({ house, store, backlog, seed, drain }, tally);
  await backlog.close();
}

/** Registers with the data of two houses. */
function createHouse(seed: number, days: number): House {
  const first = generate({ seed, days: days + 1 });
  const second = generate({ seed: seed + 1000, days: days + 1 });
  const channels: Channel[] = CHANNELS.map(({ name, decimals, kind }) => ({
    metric: METRIC_OF_CHANNEL[name] ?? name,
    encoding: kind === "counter" ? "uint" : "int",
    multiplier: 1,
    decimals,
    kind,
  }));
  const known = new Set(channels.map(({ metric }) => metric));
  const more = METRICS.filter(
    ({ id, unit, resolution }) => unit === "°C" && resolution.decimals === 1 && !known.has(id),
  ).slice(0, REGISTERS - channels.length);
  const sources = more.map((_, k) => k % 20);
  const bounds = more.map(({ min, max }) => [min * 10, max * 10] as const);
  for (const { id } of more) {
    const kind = "slowTemperature";
    channels.push({ metric: id, encoding: "int", multiplier: 1, decimals: 1, kind });
  }
  const rows = days * ROWS_PER_DAY + FRESH_ROWS;
  return {
    table: createChannelTable(channels),
    rows,
    timesMs: [...first.timesMs.subarray(0, rows)],
    valuesOf(row) {
      const values = new Map<string, number>();
      for (const [c, { metric, decimals }] of channels.entries()) {
        const extra = c - CHANNELS.length;
        const [low, high] = bounds[extra] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
        const data = extra < 0 ? cell(first, c, row) : cell(second, sources[extra] ?? 0, row);
        values.set(metric, Math.min(high, Math.max(low, data)) / 10 ** decimals);
      }
      return values;
    },
  };
}

function cell({ columns }: Dataset, column: number, row: number): number {
  return columns[column]?.[row] ?? 0;
}

function snapshotOf(house: House, row: number): Snapshot {
  const takenAtMs = house.timesMs[row] ?? 0;
  return {
    deviceId: "unit-1",
    takenAtMs,
    monotonicMs: takenAtMs - (house.timesMs[0] ?? 0),
    clockSynced: true,
    readings: [...house.valuesOf(row)].map(([metric, value]) => ({
      metric,
      value,
      quality: "good",
    })),
  };
}

/** Bytes of the files, and of the reserve among them. */
async function measure(folder: string): Promise<{ files: number; reserve: number }> {
  const sizes = { files: 0, reserve: 0 };
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { size } = await stat(join(entry.parentPath, entry.name));
    sizes.files += size;
    if (entry.name === "reserve") sizes.reserve = size;
  }
  return sizes;
}

/** How the drain went. */
interface Drain {
  /** Simulated time and the time of processors together: no machine of this speed takes longer. */
  readonly drainMs: number;
  /** Of all threads of both ends. */
  readonly cpuMs: number;
  /** Longest time between the sealing of fresh rows and their ack. */
  readonly lagMs: number;
  /** Acks of fresh batches. */
  readonly freshAcks: number;
  readonly isDrained: boolean;
}

/** Connects, and records fresh rows while the old ones drain. */
async function drainAll(of: {
  backlog: Backlog;
  store: SnapshotStore;
  hand: FakeClock;
  seed: number;
  house: House;
  offlineRows: number;
}): Promise<Drain> {
  const { backlog, store, hand, seed, house, offlineRows } = of;
  // Backoffs end between two milliseconds; a wall clock does not.
  const clock: Clock = { ...hand, nowMs: () => Math.round(hand.nowMs()) };
  const bed = await openBed(store, clock);
  const rules = { ...RULES, backlogBytesPerSecond: BACKLOG_BYTES_PER_SECOND };
  const behind = { ...createFakeBehind(), ingest: bed.ingest };
  const door = await openDoor({ behind, clock, rules });
  const ending = new AbortController();
  const lag = { sealedMs: [] as number[], maxMs: 0, acks: 0 };
  const address = `127.0.0.1:${door.ports.main}`;
  const startedMs = clock.monotonicMs();
  const uplink = runUplink(
    {
      backlog,
      transport: createGrpcTransport(
        {
          address,
          caFile: undefined,
          tlsMinVersion: "TLSv1.3",
          claimTokenFile: undefined,
          insecureLoopback: true,
        },
        true,
      ),
      clock,
      chance: createChance(seed + 7),
      introduction: {
        installationId: INSTALLATION,
        bootId: bootOf(seed),
        daemonVersion: "0.1.0",
        consentVersion: 1,
        consentScopes: ["telemetry"],
      },
      profile: "live",
      intervalSeconds: STEP_MS / 1000,
      limitStore: { read: () => undefined, write: () => undefined },
      log(_level, event, facts) {
        if (event === "uplink.sealed") lag.sealedMs.push(clock.monotonicMs());
        // Epoch 0 of a hello is the newest one.
        if (event !== "uplink.acked" || facts?.epoch !== 0) return;
        const sealedMs = lag.sealedMs.shift();
        if (sealedMs === undefined) return;
        lag.acks++;
        lag.maxMs = Math.max(lag.maxMs, clock.monotonicMs() - sealedMs);
      },
      withdrawn: new AbortController().signal,
    },
    ending.signal,
  );
  const cpuAtStart = process.cpuUsage();
  const waiting = (): number => backlog.status().snapshots + backlog.status().unsealed;
  const turn = async (): Promise<void> => {
    await pause(TURN_MS);
    await hand.advance(STEP_PER_TURN_MS);
  };
  let [drainMs, cpuMs] = [0, 0];
  for (let row = offlineRows; clock.monotonicMs() - startedMs < PATIENCE_MS; await turn()) {
    if (row < house.rows && clock.nowMs() >= (house.timesMs[row] ?? 0)) {
      backlog.record(snapshotOf(house, row++));
    }
    const isOldGone = bed.store.totals().snapshotsStored >= offlineRows;
    if (isOldGone && drainMs === 0) {
      const { user, system } = process.cpuUsage(cpuAtStart);
      cpuMs = (user + system) / 1000;
      drainMs = clock.monotonicMs() - startedMs + cpuMs;
    }
    if (row === house.rows && waiting() === 0) break;
  }
  ending.abort();
  let isEnded = false;
  const ended = uplink.then(door.close).finally(() => {
    isEnded = true;
  });
  while (!isEnded) await turn();
  await ended;
  const isDrained = waiting() === 0 && drainMs > 0;
  return { drainMs, cpuMs, lagMs: lag.maxMs, freshAcks: lag.acks, isDrained };
}

/** Cell by cell; a time is that of its slot where it was nearer than a second. */
async function compare(
  of: { house: House; store: SnapshotStore; backlog: Backlog; seed: number; drain: Drain },
  tally: Tally,
): Promise<void> {
  const { house, store, backlog, seed, drain } = of;
  const slotOf = (atMs: number): number => Math.round(atMs / STEP_MS);
  const rowAt = new Map(house.timesMs.map((atMs, row) => [slotOf(atMs), row]));
  const seen = new Set<number>();
  let [doubled, changed] = [0, 0];
  for await (const { batch } of store.blocks()) {
    for (const { atMs, values } of readRows(openSealed(batch, house.table), house.table)) {
      const row = rowAt.get(slotOf(atMs));
      const isLate = Math.abs(atMs - (house.timesMs[row ?? 0] ?? 0)) > TIME_TOLERANCE_MS;
      if (row === undefined || isLate) changed++;
      else if (seen.has(row)) doubled++;
      else {
        seen.add(row);
        const wanted = house.valuesOf(row);
        const isSame = [...wanted].every(([metric, value]) => values.get(metric) === value + 0);
        if (!isSame) changed++;
      }
    }
  }
  const { unaccounted, lost: told, rejected } = backlog.status();
  const account = {
    changed,
    unaccounted: Math.abs(unaccounted),
    told,
    rejected,
    notDrained: drain.isDrained && drain.drainMs <= DRAIN_MS_MAX ? 0 : 1,
    fallenBehind: drain.lagMs < STEP_MS && drain.freshAcks > 1 ? 0 : 1,
  };
  const lost = house.rows - seen.size;
  const unexplained = Object.values(account).reduce((sum, one) => sum + one, 0);
  tally.acked += seen.size;
  tally.lost += lost;
  tally.doubled += doubled;
  tally.unexplained += unexplained;
  if (lost + doubled + unexplained === 0) return;
  const repeat = `npm run -s faults -- weeks --seed ${seed} --seeds 1`;
  const what = JSON.stringify({ lost, doubled, ...account, ...drain });
  tally.failures.push(`seed ${seed}: ${what}; repeat: ${repeat}`);
}
