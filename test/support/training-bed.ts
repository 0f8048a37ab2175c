/** Simulated installations in a real store, as if they had sent, and training on top of it. */
import { encodeBlock } from "#core/batch/block.js";
import { type Channel, type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import { digestCheck } from "#core/batch/digest.js";
import { findMetric } from "#core/measurement/metrics.js";
import { markDay } from "../../backend/registry/day-bitmap.js";
import { createRegistry } from "../../backend/registry/memory-registry.js";
import type { InstallationState } from "../../backend/registry/registry.js";
import type { SnapshotStore } from "../../backend/store/snapshot-store.js";
import { createTraining } from "../../backend/train/create-training.js";
import { createInlineFitter } from "../../backend/train/inline-fitter.js";
import { type LearntFleet, learnInstallations } from "../../backend/train/learn-fleet.js";
import { monthsBefore } from "../../backend/train/month.js";
import type { TrainingDeps } from "../../backend/train/training-deps.js";
import type { SimulatedTable } from "../../bench/simulated/record.js";
import type { Column } from "../../bench/simulated/sensors.js";
import { introduce, type openBed } from "./pool-bed.js";

export const MODEL = "acme/air-9";
const EPOCH = "11111111-1111-4111-8111-111111111111";
const DAY_MS = 86_400_000;

/** Metric and decimals by column of the simulator; states follow from its mode. */
const METRICS: readonly (readonly [Column, string, number])[] = [
  ["temp_outdoor", "temp_outdoor", 1],
  ["temp_flow", "temp_flow", 1],
  ["temp_return", "temp_return", 1],
  ["temp_hot_water", "temp_hot_water", 1],
  ["power_current", "power_current", 3],
  ["cop_current", "cop_current", 2],
  ["pressure_high", "pressure_high", 2],
  ["pressure_low", "pressure_low", 2],
  ["fan_speed", "fan_speed_percent", 1],
  ["compressor_frequency", "compressor_frequency", 1],
];
const STATES = ["compressor_state", "defrost_active", "valve_hot_water"] as const;

/** What all simulated devices send. */
export const FLEET_TABLE: ChannelTable = createChannelTable([
  ...METRICS.map(([, metric, decimals]) => channel(metric, decimals)),
  ...STATES.map((metric) => channel(metric, 0)),
]);

function channel(metric: string, decimals: number): Channel {
  const kind = findMetric(metric)?.behaviour ?? "state";
  return { metric, encoding: "int", multiplier: 1, decimals, kind };
}

/** Changes a value on its way, e.g. to another unit; `undefined`: it is absent. */
export type Distortion = (metric: string, value: number) => number | undefined;

/** Puts all that an installation measured into the store, a block a day. */
export async function sendTable(
  store: SnapshotStore,
  installationId: string,
  table: SimulatedTable,
  more: {
    readonly distort?: Distortion;
    readonly scopes?: readonly string[];
    readonly heatpumpModel?: string;
    readonly column?: number;
  } = {},
): Promise<void> {
  const { distort, heatpumpModel = MODEL, column = 0 } = more;
  const known = await store.claim(installationId);
  let state: InstallationState = known ?? {
    installationId,
    daemonVersion: "0.1.0",
    firstSeenAtMs: table.timesMs[0] ?? 0,
    lastReceivedAtMs: 0,
    snapshotsStored: 0,
    readingsStored: 0,
    snapshotsReportedLost: 0,
    snapshotsRejected: 0,
    models: [{ heatpumpModel, column, readings: 1 }],
    consentVersion: 1,
    consentScopes: more.scopes ?? ["telemetry", "model_training"],
    received: { lastDay: -1, low: 0, high: 0 },
    withData: { lastDay: -1, low: 0, high: 0 },
    lossAckedThrough: 0,
  };
  let sequence = state.snapshotsStored + 1;
  for (const [from, to] of daysOf(table)) {
    const columns = fill(table, from, to, distort);
    const { block, plainBytes, digest } = encodeBlock(columns, FLEET_TABLE, 1, 0);
    const day = Math.floor((table.timesMs[from] ?? 0) / DAY_MS);
    const readings = columns.counts.reduce((sum, count) => sum + count, 0);
    state = {
      ...state,
      lastReceivedAtMs: table.timesMs[to - 1] ?? 0,
      snapshotsStored: state.snapshotsStored + columns.rows,
      readingsStored: state.readingsStored + readings,
      models: [{ heatpumpModel, column, readings: state.readingsStored + readings }],
      received: markDay(state.received, day),
      withData: markDay(state.withData, day),
    };
    const { slot, stepMs, rows } = columns;
    const batch = {
      ...{ deviceId: "heatpump", tableId: FLEET_TABLE.id, stepMs, slot, rows, readings },
      ...{ codec: 1, plainBytes, digest, block },
    };
    await store.put({
      installation: state,
      table: FLEET_TABLE,
      block: {
        ...{ installationId, epochId: EPOCH, sequence: sequence++, heatpumpModel, batch },
        receivedAtMs: state.lastReceivedAtMs,
        firstMs: table.timesMs[from] ?? 0,
        lastMs: table.timesMs[to - 1] ?? 0,
      },
    });
  }
}

/** The same through the door: admitted, decoded, counted and stored as what any daemon sends. */
export async function deliverTable(
  bed: Awaited<ReturnType<typeof openBed>>,
  installationId: string,
  table: SimulatedTable,
): Promise<void> {
  const consentScopes = ["telemetry", "community_stats", "model_training"];
  const device = {
    ...{ deviceId: "heatpump", profile: MODEL, profileVersion: 1, heatpumpModel: MODEL },
    ...{ tableId: FLEET_TABLE.id, stepMs: 300_000 },
  };
  const delivery = await bed.ingest.open(
    introduce(installationId, { consentScopes, devices: [device] }),
  );
  if (delivery.unknownTables.length > 0) await delivery.learnTable(FLEET_TABLE);
  let sequence = 1;
  for (const [from, to] of daysOf(table)) {
    const { slot, rows, ...columns } = fill(table, from, to, undefined);
    const { block, plainBytes, digest } = encodeBlock(
      { slot, rows, ...columns },
      FLEET_TABLE,
      1,
      0,
    );
    const facts = { device: 0, epoch: 0, sequence: sequence++, rows, slot, codec: 1, prior: 0 };
    const taken = await delivery.take({ ...facts, check: digestCheck(digest), plainBytes, block });
    if (taken.rejected > 0) throw new Error(`${taken.rejected} rejected`);
  }
  delivery.close();
}

function* daysOf({ timesMs, length }: SimulatedTable): Generator<readonly [number, number]> {
  const dayAt = (row: number) => Math.floor((timesMs[row] ?? 0) / DAY_MS);
  for (let from = 0, row = 1; row <= length; row++) {
    if (row < length && dayAt(row) === dayAt(from)) continue;
    yield [from, row];
    from = row;
  }
}

function fill(
  table: SimulatedTable,
  from: number,
  to: number,
  distort: Distortion | undefined,
): Columns {
  const columns = createColumns(FLEET_TABLE, to - from);
  const stepMs = 300_000;
  columns.rows = to - from;
  columns.stepMs = stepMs;
  columns.slot = Math.round((table.timesMs[from] ?? 0) / stepMs);
  for (let row = 0; row < columns.rows; row++) {
    const mode = table.columns.mode[from + row] ?? 0;
    const states = [mode === 0 ? 0 : 1, mode === 3 ? 1 : 0, mode === 2 ? 1 : 0];
    for (const [c, { metric, decimals }] of FLEET_TABLE.channels.entries()) {
      const of = METRICS[c];
      const raw = of === undefined ? states[c - METRICS.length] : table.columns[of[0]][from + row];
      const value = raw === undefined ? undefined : distort ? distort(metric, raw) : raw;
      const lane = columns.lanes[c];
      const present = columns.present[c];
      if (value === undefined || Number.isNaN(value) || lane === undefined) continue;
      lane[row] = Math.round(value * 10 ** decimals);
      if (present !== undefined) present[row] = 1;
      columns.counts[c] = (columns.counts[c] ?? 0) + 1;
    }
  }
  return columns;
}

/** Training over what the store holds now. */
export async function openTraining(
  store: SnapshotStore,
  nowMs: number,
  more: Partial<TrainingDeps> = {},
) {
  const states: InstallationState[] = [];
  for await (const state of store.installations()) states.push(state);
  const said: string[] = [];
  const training = createTraining({
    store,
    registry: createRegistry(states),
    clock: { nowMs: () => nowMs },
    rules: {
      installationsMin: 5,
      readingsMin: 10_000,
      publishInstallationsMin: 5,
      probationDays: 0,
      countUnverified: true,
      closedTestPool: true,
    },
    windowMonths: 12,
    seed: 1,
    version: "0.1.0",
    scopesOf: (state) => state.consentScopes,
    isErased: () => false,
    isVerified: () => true,
    daysWithData: () => 60,
    openFitter: createInlineFitter,
    published: async () => undefined,
    onProgress: (text) => said.push(text),
    ...more,
  });
  return { training, said };
}

/** Sums only, of all that the store holds. */
export async function learnStore(store: SnapshotStore, nowMs: number): Promise<LearntFleet> {
  const members: InstallationState[] = [];
  for await (const state of store.installations()) members.push(state);
  const deps = {
    ...{ store, fitter: createInlineFitter(), signal: new AbortController().signal },
    ...{ isDry: false, onProgress: () => undefined },
  };
  return await learnInstallations(deps, members, new Set([MODEL]), monthsBefore(nowMs, 2));
}
