/** Exports of an installation ↔ their messages. */
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/admin/v1/admin.js";
import type { DaySummary } from "../aggregate/day-summary.js";
import type { ExportedReadings, ExportPart } from "../privacy/subject-rights.js";
import type { InstallationRecord } from "../registry/registry.js";
import type { IdentityStatus, ListedRecord } from "./door.js";

/** An installation as the operator sees it, without what only the backend needs. */
export type ListedInstallation = Omit<ListedRecord, "index" | "daysReceived">;

/** An installation of an export: without what its identity is worth. */
type ExportedRecord = Omit<InstallationRecord, "index" | "daysReceived">;

const IDENTITIES = ["none", "active", "revoked", "expired"] as const;
/** Of an installation that never enrolled. */
export const NO_IDENTITY = {
  identity: "none",
  certificateExpiresAtMs: 0,
  cloneSuspectedAtMs: 0,
  consented: false,
} as const;

/** A part of an export as it arrives. */
export type ReceivedPart =
  | (Omit<Extract<ExportPart, { kind: "installation" }>, "record"> & {
      readonly record: ExportedRecord;
    })
  | Exclude<ExportPart, { kind: "installation" }>;

export function toInstallation(record: ListedRecord): wire.Installation {
  return {
    identity: toIdentityStatus(record.identity),
    certificateExpiresAtMs: BigInt(record.certificateExpiresAtMs),
    cloneSuspectedAtMs: BigInt(record.cloneSuspectedAtMs),
    consented: record.consented,
    installationId: record.installationId,
    heatpumpModels: [...record.heatpumpModels],
    daemonVersion: record.daemonVersion,
    firstSeenAtMs: BigInt(record.firstSeenAtMs),
    lastReceivedAtMs: BigInt(record.lastReceivedAtMs),
    snapshotsStored: BigInt(record.snapshotsStored),
    readingsStored: BigInt(record.readingsStored),
    snapshotsReportedLost: BigInt(record.snapshotsReportedLost),
    snapshotsRejected: BigInt(record.snapshotsRejected),
    daysWithData: record.daysWithData,
  };
}

export function fromInstallation(message: wire.Installation): ListedInstallation {
  return {
    ...fromExportedRecord(message),
    identity: IDENTITIES[Math.max(0, message.identity)] ?? "none",
    certificateExpiresAtMs: Number(message.certificateExpiresAtMs),
    cloneSuspectedAtMs: Number(message.cloneSuspectedAtMs),
    consented: message.consented,
  };
}

function toIdentityStatus(status: IdentityStatus): wire.IdentityStatus {
  return Math.max(0, IDENTITIES.indexOf(status)) as wire.IdentityStatus;
}

function fromExportedRecord(message: wire.Installation): ExportedRecord {
  return {
    installationId: message.installationId,
    heatpumpModels: message.heatpumpModels,
    daemonVersion: message.daemonVersion,
    firstSeenAtMs: Number(message.firstSeenAtMs),
    lastReceivedAtMs: Number(message.lastReceivedAtMs),
    snapshotsStored: Number(message.snapshotsStored),
    readingsStored: Number(message.readingsStored),
    snapshotsReportedLost: Number(message.snapshotsReportedLost),
    snapshotsRejected: Number(message.snapshotsRejected),
    daysWithData: message.daysWithData,
  };
}

export function toExported(part: ExportPart): wire.ExportInstallationResponse {
  switch (part.kind) {
    case "installation": {
      const { record, consentVersion, consentScopes } = part;
      const installation = toInstallation({ ...NO_IDENTITY, ...record });
      const value = { installation, consentVersion, consentScopes: [...consentScopes] };
      return { body: { $case: "installation", value } };
    }
    case "readings":
      return { body: { $case: "readings", value: toReadings(part) } };
    case "day":
      return { body: { $case: "day", value: toDay(part.summary) } };
    case "refusal": {
      const { deviceId, receivedAtMs, snapshots, reasons, block } = part;
      const value = {
        deviceId,
        receivedAtMs: BigInt(receivedAtMs),
        snapshots,
        reasons: [...reasons],
        block: Buffer.from(block.buffer, block.byteOffset, block.byteLength),
      };
      return { body: { $case: "refusal", value } };
    }
    case "loss": {
      const { reason, deviceId, fromMs, toMs, snapshots } = part;
      const value = {
        reason,
        deviceId,
        fromMs: BigInt(fromMs),
        toMs: BigInt(toMs),
        snapshots: BigInt(snapshots),
      };
      return { body: { $case: "loss", value } };
    }
  }
}

function toReadings(part: ExportedReadings): wire.ExportedReadings {
  const { deviceId, heatpumpModel, receivedAtMs, columns, rows } = part;
  return {
    deviceId,
    heatpumpModel,
    receivedAtMs: BigInt(receivedAtMs),
    columns: columns.map((one) => ({ ...one })),
    rows: rows.map(({ atMs, values }) => ({
      atMs: BigInt(Math.round(atMs)),
      values: values.map((value) => value ?? Number.NaN),
    })),
  };
}

/** @throws HeatpoolError `PROTOCOL` an empty part */
export function fromExported({ body }: wire.ExportInstallationResponse): ReceivedPart {
  switch (body?.$case) {
    case "installation": {
      const { installation, consentVersion, consentScopes } = body.value;
      if (installation === undefined) break;
      const record = fromExportedRecord(installation);
      return { kind: "installation", record, consentVersion, consentScopes };
    }
    case "readings":
      return fromReadings(body.value);
    case "day":
      return { kind: "day", summary: fromDay(body.value) };
    case "refusal":
      return { kind: "refusal", ...body.value, receivedAtMs: Number(body.value.receivedAtMs) };
    case "loss": {
      const { reason, deviceId, fromMs, toMs, snapshots } = body.value;
      const times = { fromMs: Number(fromMs), toMs: Number(toMs) };
      return { kind: "loss", reason, deviceId, ...times, snapshots: Number(snapshots) };
    }
  }
  throw new HeatpoolError("PROTOCOL", "an empty part of an export");
}

function fromReadings(value: wire.ExportedReadings): ExportedReadings {
  const { deviceId, heatpumpModel, receivedAtMs, columns, rows } = value;
  return {
    kind: "readings",
    deviceId,
    heatpumpModel,
    receivedAtMs: Number(receivedAtMs),
    columns,
    rows: rows.map(({ atMs, values }) => ({
      atMs: Number(atMs),
      values: values.map((one) => (Number.isNaN(one) ? undefined : one)),
    })),
  };
}

function toDay({ day, deviceId, heatpumpModel, coverage, ...one }: DaySummary): wire.ExportedDay {
  return {
    ...{ day, deviceId, heatpumpModel, coverage },
    outdoorMeanCelsius: one.outdoorMean,
    heatKwh: one.total.heatKwh,
    electricKwh: one.total.electricKwh,
    heatingHeatKwh: one.heating.heatKwh,
    heatingElectricKwh: one.heating.electricKwh,
    hotWaterHeatKwh: one.hotWater.heatKwh,
    hotWaterElectricKwh: one.hotWater.electricKwh,
    compressorHours: one.compressorHours,
    compressorStarts: one.compressorStarts,
    counters: Object.entries(one.counters).map(([metric, { atMs, value }]) => ({
      ...{ metric, value },
      atMs: BigInt(Math.round(atMs)),
    })),
  };
}

function fromDay({ day, deviceId, heatpumpModel, coverage, ...one }: wire.ExportedDay): DaySummary {
  return {
    ...{ day, deviceId, heatpumpModel, coverage },
    outdoorMean: one.outdoorMeanCelsius,
    total: { heatKwh: one.heatKwh, electricKwh: one.electricKwh },
    heating: { heatKwh: one.heatingHeatKwh, electricKwh: one.heatingElectricKwh },
    hotWater: { heatKwh: one.hotWaterHeatKwh, electricKwh: one.hotWaterElectricKwh },
    compressorHours: one.compressorHours,
    compressorStarts: one.compressorStarts,
    counters: Object.fromEntries(
      one.counters.map(({ metric, atMs, value }) => [metric, { atMs: Number(atMs), value }]),
    ),
  };
}
