/**
 * Fleets for community questions: who is in them, and a day of one metric of each, the same for us
 * and for the engine that we are compared with. The n-th installation is the same in every fleet.
 */
import { type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import { createPartBuilder, HOUR_MS } from "../backend/aggregate/rollup-part.js";
import { createRollups, type Rollups } from "../backend/aggregate/rollups.js";
import { dayOf, markDay, NO_DAYS } from "../backend/registry/day-bitmap.js";
import { createRegistry } from "../backend/registry/memory-registry.js";
import type { InstallationState, Registry } from "../backend/registry/registry.js";

export const MODEL = "idm/navigator-2.0";
export const METRIC = "temp_flow";
const DAY_MS = 86_400_000;
const STEP_MS = 60_000;
/** Days that everybody has contributed for. */
const DAYS = 30;
const READINGS = 1_000_000;

export const TABLE: ChannelTable = createChannelTable([
  { metric: METRIC, encoding: "int", multiplier: 1, decimals: 1, kind: "fastTemperature" },
]);

/** A fleet at one moment. */
export interface Fleet {
  readonly registry: Registry;
  readonly rollups: Rollups;
  readonly ids: readonly string[];
  /** End of the day that was measured, a whole hour. */
  readonly nowMs: number;
}

/** @param nowMs a whole hour */
export function makeFleet(installations: number, nowMs: number): Fleet {
  const ids = Array.from({ length: installations }, (_, n) => idOf(n));
  const registry = createRegistry(ids.map((id, n) => stateOf(id, n, nowMs)));
  const rollups = createRollups([METRIC]);
  const parts = createPartBuilder([METRIC]);
  const day = createColumns(TABLE, DAY_MS / STEP_MS);
  for (let n = 0; n < installations; n++) {
    rollups.apply(n, parts.build(fillDay(day, n, nowMs), TABLE), n);
  }
  return { registry, rollups, ids, nowMs };
}

/** A day of the n-th installation, written over what `columns` held. */
export function fillDay(columns: Columns, n: number, nowMs: number): Columns {
  const rows = DAY_MS / STEP_MS;
  const [lane] = columns.lanes;
  const [present] = columns.present;
  if (lane === undefined || present === undefined) throw new Error("no lane");
  Object.assign(columns, { rows, slot: (nowMs - DAY_MS) / STEP_MS, stepMs: STEP_MS });
  columns.counts.fill(rows);
  present.fill(1);
  // A walk of its own around a level of its own, in tenths of a degree.
  let chance = Math.imul(n + 1, 0x9e3779b1) | 1;
  const level = 250 + ((chance >>> 8) % 200);
  let away = 0;
  for (let row = 0; row < rows; row++) {
    chance ^= chance << 13;
    chance ^= chance >>> 17;
    chance ^= chance << 5;
    away = Math.max(-100, Math.min(100, away + ((chance >>> 0) % 7) - 3));
    lane[row] = level + away;
  }
  return columns;
}

export function idOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n + 1).padStart(12, "0")}`;
}

function stateOf(installationId: string, column: number, nowMs: number): InstallationState {
  let received = NO_DAYS;
  for (let day = dayOf(nowMs) - DAYS + 1; day <= dayOf(nowMs); day++)
    received = markDay(received, day);
  return {
    installationId,
    daemonVersion: "bench",
    firstSeenAtMs: nowMs - DAYS * DAY_MS - column,
    lastReceivedAtMs: nowMs - HOUR_MS,
    snapshotsStored: READINGS,
    readingsStored: READINGS,
    snapshotsReportedLost: 0,
    snapshotsRejected: 0,
    models: [{ heatpumpModel: MODEL, column, readings: READINGS }],
    consentVersion: 1,
    consentScopes: ["telemetry", "community_stats"],
    received,
    withData: { ...received },
    lossAckedThrough: 0,
  };
}
