/**
 * The registry in memory: a map by id, a sorted list for paging, and sums per heat pump model that
 * change with every adopted state, so that no question scans the fleet.
 */
import { countDays, dayOf } from "./day-bitmap.js";
import { createReceiptRows } from "./receipt-rows.js";
import type { InstallationRecord, InstallationState, PoolSize, Registry } from "./registry.js";

/** Days over which distinct days are counted for a record. */
const RECORD_DAYS = 64;

/**
 * @param states everything the store holds, in any order
 * @param takeColumn numbers that nobody else is given; left out: this registry is the only one
 */
export function createRegistry(
  states: Iterable<InstallationState>,
  takeColumn?: () => number,
): Registry {
  const byId = new Map<string, InstallationState>();
  const rows = createReceiptRows();
  const byModel = new Map<string, Map<string, InstallationState>>();
  const sums = new Map<string, { installations: number; readings: number }>();
  const free: number[] = [];
  let sorted: string[] = [];
  let columns = 0;
  const total = { installations: 0, readings: 0 };

  /** Adds (`sign` 1) or removes (-1) what a state contributes to the sums. */
  const count = (state: InstallationState, sign: 1 | -1) => {
    if (state.readingsStored > 0) total.installations += sign;
    total.readings += sign * state.readingsStored;
    for (const { heatpumpModel, readings } of state.models) {
      const sum = sums.get(heatpumpModel) ?? { installations: 0, readings: 0 };
      sums.set(heatpumpModel, sum);
      if (readings > 0) sum.installations += sign;
      sum.readings += sign * readings;
    }
  };

  const put = (state: InstallationState) => {
    const old = byId.get(state.installationId);
    if (old !== undefined) count(old, -1);
    else sorted.splice(insertionPoint(sorted, state.installationId), 0, state.installationId);
    byId.set(state.installationId, state);
    rows.set(state.installationId, state);
    count(state, 1);
    for (const { heatpumpModel, column } of state.models) {
      columns = Math.max(columns, column + 1);
      const members = byModel.get(heatpumpModel) ?? new Map<string, InstallationState>();
      byModel.set(heatpumpModel, members.set(state.installationId, state));
    }
  };

  for (const state of [...states].sort((a, b) => (a.installationId < b.installationId ? -1 : 1))) {
    put(state);
  }
  free.push(...unusedColumns(byId.values(), columns));

  return {
    find: (id) => byId.get(id),
    receipts: rows.find,
    list(after, limit, nowMs) {
      const from = after === "" ? 0 : insertionPoint(sorted, `${after}\u0000`);
      return sorted
        .slice(from, from + limit)
        .flatMap((id) => byId.get(id) ?? [])
        .map((state) => toRecord(state, nowMs));
    },
    adopt: put,
    forget(id) {
      const state = byId.get(id);
      if (state === undefined) return [];
      count(state, -1);
      byId.delete(id);
      rows.forget(id);
      sorted = sorted.filter((one) => one !== id);
      for (const { heatpumpModel, column } of state.models) {
        byModel.get(heatpumpModel)?.delete(id);
        free.push(column);
      }
      return state.models.map((one) => one.column);
    },
    nextColumn: takeColumn ?? (() => free.pop() ?? columns++),
    get columns() {
      return columns;
    },
    members: (model) =>
      model === undefined ? byId.values() : (byModel.get(model)?.values() ?? []),
    models: () => [...sums].flatMap(([model, sum]) => (sum.installations > 0 ? [model] : [])),
    poolSize(model): PoolSize {
      return { ...(model === undefined ? total : (sums.get(model) ?? NOBODY)) };
    },
    get size() {
      return byId.size;
    },
  };
}

const NOBODY: PoolSize = { installations: 0, readings: 0 };

/** A state as the operator sees it. */
export function toRecord(state: InstallationState, nowMs: number): InstallationRecord {
  const today = dayOf(nowMs);
  return {
    installationId: state.installationId,
    index: state.models[0]?.column ?? -1,
    heatpumpModels: state.models.map((one) => one.heatpumpModel),
    daemonVersion: state.daemonVersion,
    firstSeenAtMs: state.firstSeenAtMs,
    lastReceivedAtMs: state.lastReceivedAtMs,
    snapshotsStored: state.snapshotsStored,
    readingsStored: state.readingsStored,
    snapshotsReportedLost: state.snapshotsReportedLost,
    snapshotsRejected: state.snapshotsRejected,
    daysReceived: countDays(state.received, today, RECORD_DAYS),
    daysWithData: countDays(state.withData, today, RECORD_DAYS),
  };
}

/** Index of the first element that is not less than `id`. */
function insertionPoint(sorted: readonly string[], id: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Columns below `columns` that nobody has: installations that were erased while another ran. */
function unusedColumns(states: Iterable<InstallationState>, columns: number): number[] {
  const used = new Uint8Array(columns);
  for (const { models } of states) for (const { column } of models) used[column] = 1;
  return Array.from(used.keys()).filter((column) => used[column] === 0);
}
