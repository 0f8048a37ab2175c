/** How the backend does ↔ its messages. */
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/admin/v1/operation.js";
import type { CatalogueState } from "../catalogue/catalogue.js";
import type { QuotaLimits } from "../ingest/quota.js";
import type { ModelQuality, QualityReport, ReasonCount } from "../operation/data-quality.js";
import type { IntakeState, OperationState } from "../operation/operation.js";
import type { JobRun, JobState } from "../schedule/schedule.js";

/** The state as an operator's client has it. */
export interface SeenState {
  readonly storage: OperationState["storage"] & { readonly well: boolean };
  readonly intake: IntakeState;
  /** Each with its newest run at most. */
  readonly jobs: readonly JobState[];
  readonly catalogue: SeenCatalogue | undefined;
  readonly logLevel: string;
}

/** The catalogue as an operator's client has it. */
export interface SeenCatalogue {
  readonly roles: readonly {
    readonly role: string;
    readonly version: number;
    readonly expiresAtMs: number;
  }[];
  readonly models: readonly {
    readonly modelId: string;
    readonly release: number;
    readonly heatpumpModels: readonly string[];
    readonly installations: number;
    readonly trainedAtMs: number;
    readonly bytes: number;
    readonly revoked: boolean;
  }[];
  readonly proposed: number;
  readonly autoSign: boolean;
}

/** Fields of the status. */
export interface WireState {
  storage: wire.StorageState | undefined;
  intake: wire.IntakeState | undefined;
  jobs: wire.JobState[];
  catalogue: wire.CatalogueState | undefined;
  logLevel: string;
}

export function toState(
  state: OperationState,
  jobs: readonly JobState[],
  well: boolean,
): WireState {
  const { storage, intake } = state;
  return {
    storage: {
      ...storage,
      well,
      bytes: count(storage.bytes),
      diskFreeBytes: count(storage.diskFreeBytes),
      diskBytes: count(storage.diskBytes),
    },
    intake: {
      ...intake,
      rejected: intake.rejected.map(toReason),
      refused: intake.refused.map(toReason),
      snapshotsLost: count(intake.snapshotsLost),
    },
    jobs: jobs.map((job) => toJob({ ...job, runs: job.runs.slice(-1) })),
    catalogue: state.catalogue === undefined ? undefined : toCatalogue(state.catalogue),
    logLevel: state.logLevel,
  };
}

/** @throws HeatpoolError `PROTOCOL` the backend is older than this client */
export function fromState(state: WireState): SeenState {
  const { storage, intake, catalogue } = state;
  if (storage === undefined || intake === undefined) {
    throw new HeatpoolError("PROTOCOL", "the backend does not say how it does", {
      hint: "Use the command of the same version as the backend.",
    });
  }
  return {
    storage: {
      ...storage,
      bytes: Number(storage.bytes),
      diskFreeBytes: Number(storage.diskFreeBytes),
      diskBytes: Number(storage.diskBytes),
    },
    intake: {
      ...intake,
      rejected: intake.rejected.map(fromReason),
      refused: intake.refused.map(fromReason),
      snapshotsLost: Number(intake.snapshotsLost),
    },
    jobs: state.jobs.map(fromJob),
    catalogue: catalogue === undefined ? undefined : fromCatalogue(catalogue),
    logLevel: state.logLevel,
  };
}

function toCatalogue({ roles, releases, proposed, autoSign }: CatalogueState): wire.CatalogueState {
  return {
    roles: Object.entries(roles).map(([role, { version, expiresAtMs }]) => ({
      role,
      version: count(version),
      expiresAtMs: count(expiresAtMs),
    })),
    models: releases.map((one) => ({
      modelId: one.modelId,
      release: count(one.release),
      heatpumpModels: [...one.heatpumpModels],
      installations: one.kInstallations,
      trainedAtMs: count(one.trainedAtMs),
      bytes: count(one.length),
      revoked: one.revoked,
    })),
    proposed: proposed.length,
    autoSign,
  };
}

function fromCatalogue({ roles, models, ...others }: wire.CatalogueState): SeenCatalogue {
  return {
    ...others,
    roles: roles.map(({ role, version, expiresAtMs }) => ({
      role,
      version: Number(version),
      expiresAtMs: Number(expiresAtMs),
    })),
    models: models.map((one) => ({
      ...one,
      release: Number(one.release),
      trainedAtMs: Number(one.trainedAtMs),
      bytes: Number(one.bytes),
    })),
  };
}

export function toJob({ name, pattern, nextDueMs, isRunning, runs }: JobState): wire.JobState {
  return {
    name,
    pattern,
    nextDueMs: Number.isFinite(nextDueMs) ? count(nextDueMs) : 0n,
    running: isRunning,
    runs: runs.map(toRun),
  };
}

export function fromJob({ name, pattern, nextDueMs, running, runs }: wire.JobState): JobState {
  return {
    name,
    pattern,
    nextDueMs: Number(nextDueMs),
    isRunning: running,
    runs: runs.map(fromRun),
  };
}

export function toRun(run: JobRun): wire.JobRun {
  return {
    job: run.job,
    dueMs: count(run.dueMs),
    startedAtMs: count(run.startedAtMs),
    durationMs: count(run.durationMs),
    failed: run.outcome === "failed",
    detail: run.detail,
  };
}

export function fromRun(run: wire.JobRun): JobRun {
  return {
    job: run.job,
    dueMs: Number(run.dueMs),
    startedAtMs: Number(run.startedAtMs),
    durationMs: Number(run.durationMs),
    outcome: run.failed ? "failed" : "done",
    detail: run.detail,
  };
}

/** @param heatpumpModel empty: all */
export function toReport(
  { sinceMs, models }: QualityReport,
  heatpumpModel: string,
): wire.GetDataQualityResponse {
  const wanted = models.filter(
    (one) => heatpumpModel === "" || one.heatpumpModel === heatpumpModel,
  );
  return { sinceMs: count(sinceMs), models: wanted.map(toQuality) };
}

function toQuality({ rejected, findings, ...one }: ModelQuality): wire.ModelQuality {
  return {
    ...one,
    snapshotsStored: count(one.snapshotsStored),
    snapshotsRejected: count(one.snapshotsRejected),
    readingsStored: count(one.readingsStored),
    rejected: rejected.map(toReason),
    findings: findings.map(({ kind, metric, installations, foundAtMs, detail }) => ({
      ...{ kind, metric, installations, detail },
      foundAtMs: count(foundAtMs),
    })),
  };
}

export function fromReport({ sinceMs, models }: wire.GetDataQualityResponse): QualityReport {
  return {
    sinceMs: Number(sinceMs),
    models: models.map(({ rejected, findings, ...one }) => ({
      ...one,
      snapshotsStored: Number(one.snapshotsStored),
      snapshotsRejected: Number(one.snapshotsRejected),
      readingsStored: Number(one.readingsStored),
      rejected: rejected.map(fromReason),
      findings: findings.map(({ foundAtMs, ...found }) => ({
        ...found,
        heatpumpModel: one.heatpumpModel,
        foundAtMs: Number(foundAtMs),
      })),
    })),
  };
}

export function toQuotas(limits: QuotaLimits): wire.Quotas {
  return {
    batchesPerSecond: limits.batchesPerSecond,
    batchesBurst: count(limits.batchesBurst),
    snapshotsPerDay: count(limits.snapshotsPerDay),
    bytesPerDay: count(limits.bytesPerDay),
  };
}

/** @throws HeatpoolError `PROTOCOL` nothing came */
export function fromQuotas(quotas: wire.Quotas | undefined): QuotaLimits {
  if (quotas === undefined) throw new HeatpoolError("PROTOCOL", "no quotas came");
  return {
    batchesPerSecond: quotas.batchesPerSecond,
    batchesBurst: Number(quotas.batchesBurst),
    snapshotsPerDay: Number(quotas.snapshotsPerDay),
    bytesPerDay: Number(quotas.bytesPerDay),
  };
}

export function toChanges(changes: Partial<QuotaLimits>): wire.SetQuotasRequest {
  const { batchesPerSecond, batchesBurst, snapshotsPerDay, bytesPerDay } = changes;
  const whole = (value: number | undefined) => (value === undefined ? undefined : count(value));
  return {
    batchesPerSecond,
    batchesBurst: whole(batchesBurst),
    snapshotsPerDay: whole(snapshotsPerDay),
    bytesPerDay: whole(bytesPerDay),
  };
}

export function fromChanges(request: wire.SetQuotasRequest): Partial<QuotaLimits> {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, Number(value)]));
}

function toReason({ reason, count: times }: ReasonCount): wire.ReasonCount {
  return { reason, count: count(times) };
}

function fromReason({ reason, count: times }: wire.ReasonCount): ReasonCount {
  return { reason, count: Number(times) };
}

/** A whole number of ours for the wire. */
function count(value: number): bigint {
  return BigInt(Math.round(value));
}
