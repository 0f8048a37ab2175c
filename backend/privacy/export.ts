/**
 * Export: all that is held about one installation, in parts of bounded size. Values come in the
 * units of the metric catalogue, as they were sent.
 */
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { HeatpoolError } from "#core/errors.js";
import type { Metric } from "#core/measurement/metrics.js";
import type { InstallationRecord, InstallationState, Registry } from "../registry/registry.js";
import type { SnapshotStore, StoredBlock } from "../store/snapshot-store.js";
import type { ExportedReadings, ExportPart } from "./subject-rights.js";

/** What an export reads. */
export interface ExportDeps {
  readonly store: Pick<SnapshotStore, "blocks" | "tables" | "days" | "deadLetters" | "losses">;
  readonly registry: Pick<Registry, "find">;
  readonly findMetric: (id: string) => Metric | undefined;
  /** A state as the operator sees it. */
  readonly toRecord: (state: InstallationState) => InstallationRecord;
}

/** Values of one part: about 256 KiB. */
const VALUES_MAX = 32_768;

/** Begins with the installation. @throws HeatpoolError `NOT_FOUND`, `STORE_DAMAGED` */
export async function* exportInstallation(
  deps: ExportDeps,
  id: string,
): AsyncGenerator<ExportPart, void, undefined> {
  const { store, registry, toRecord } = deps;
  const state = registry.find(id);
  if (state === undefined) {
    throw new HeatpoolError("NOT_FOUND", "no installation of that id is known", {
      hint: "`heatpool-backend installations list` names those that are.",
    });
  }
  const { consentVersion, consentScopes } = state;
  yield { kind: "installation", record: toRecord(state), consentVersion, consentScopes };
  const tables = new Map<string, ChannelTable>();
  for await (const table of store.tables()) tables.set(hex(table.id), table);
  for await (const block of store.blocks(id)) yield* toReadings(deps, block, tables);
  for await (const summary of store.days(id, 0)) yield { kind: "day", summary };
  for await (const letter of store.deadLetters()) {
    if (letter.installationId !== id) continue;
    const { receivedAtMs, snapshots, block, declared } = letter;
    const reasons = letter.reasons.map((one) => `${one.reason}: ${one.detail}`);
    const { deviceId } = declared;
    yield { kind: "refusal", deviceId, receivedAtMs, snapshots, reasons, block };
  }
  for await (const { reason, deviceId, fromMs, toMs, snapshots } of store.losses(id)) {
    yield { kind: "loss", reason, deviceId: deviceId ?? "", fromMs, toMs, snapshots };
  }
}

function* toReadings(
  { findMetric }: ExportDeps,
  { batch, heatpumpModel, receivedAtMs }: StoredBlock,
  tables: ReadonlyMap<string, ChannelTable>,
): Generator<ExportedReadings> {
  const table = tables.get(hex(batch.tableId));
  if (table === undefined) {
    throw new HeatpoolError("STORE_DAMAGED", `channel table ${hex(batch.tableId)} is missing`, {
      hint: "Restore the store from a backup.",
    });
  }
  const columns = table.channels.map(({ metric }) => ({
    metric,
    unit: findMetric(metric)?.unit ?? "",
  }));
  const rows = [...readRows(openSealed(batch, table), table)].map(({ atMs, values }) => ({
    atMs,
    values: columns.map(({ metric }) => values.get(metric)),
  }));
  const rowsMax = Math.max(1, Math.floor(VALUES_MAX / columns.length));
  const facts = {
    kind: "readings",
    deviceId: batch.deviceId,
    heatpumpModel,
    receivedAtMs,
  } as const;
  for (let from = 0; from < rows.length; from += rowsMax) {
    yield { ...facts, columns, rows: rows.slice(from, from + rowsMax) };
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
