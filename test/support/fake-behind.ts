/**
 * What stands behind the gRPC door, in memory, for tests of the door alone: it decides as it is
 * told and remembers what it was asked.
 */
import type { Release } from "#core/catalogue/release.js";
import { HeatpoolError } from "#core/errors.js";
import type {
  Decision,
  IncomingBatch,
  Introduction,
  ReportedLoss,
} from "../../backend/ingest/ingest.js";
import type { QuotaLimits } from "../../backend/ingest/quota.js";
import type { QualityReport } from "../../backend/operation/data-quality.js";
import { exportLines } from "../../backend/privacy/export-lines.js";
import type { ExportPart } from "../../backend/privacy/subject-rights.js";
import type { Behind } from "../../backend/rpc/door.js";
import type { JobRun, JobState } from "../../backend/schedule/schedule.js";
import { createFakeTraining, type FakeTraining } from "./fake-training.js";

/** Decides one batch; the default takes every next number and refuses gaps. */
type Decide = (batch: IncomingBatch) => Promise<Decision>;

/** The fake, and what it saw. */
export interface FakeBehind extends Behind {
  readonly fakeTraining: FakeTraining;
  readonly opened: Introduction[];
  readonly batches: IncomingBatch[];
  readonly losses: ReportedLoss[];
  readonly tables: string[];
  closed: number;
  readonly erased: string[];
  /** What an export holds beside the installation. */
  exported: ExportPart[];
  /** Decides instead of the default. */
  decide: Decide | undefined;
  /** While true the store takes nothing. */
  isStoreFull: boolean;
  /** Given to who comes, instead of a delivery. */
  refusal: HeatpoolError | undefined;
  /** Quotas as they were set. */
  readonly limits: QuotaLimits;
}

export function admitted(batch: IncomingBatch): Decision {
  const { epoch, sequence, rows } = batch;
  return { epoch, sequence, admitted: rows, duplicate: 0, rejected: 0, outcomes: [] };
}

const RUN: JobRun = {
  job: "retention",
  dueMs: 1_790_000_000_000,
  startedAtMs: 1_790_000_000_100,
  durationMs: 1_234,
  outcome: "done",
  detail: "batches 5",
};

const JOB: JobState = {
  name: "retention",
  pattern: "0 2 * * *",
  nextDueMs: 1_790_086_400_000,
  isRunning: false,
  runs: [{ ...RUN, startedAtMs: 1 }, RUN],
};

const RELEASE: Release = {
  modelId: "idm",
  release: 3,
  path: "idm/3/model.enc",
  length: 4_000,
  sha256: "00",
  plainSha256: "00",
  plainLen: 3_900,
  heatpumpModels: ["idm/navigator-2.0"],
  schema: "hst/1",
  minDaemon: "0.1.0",
  revoked: false,
  kInstallations: 41,
  trainedAtMs: 1_789_000_000_000,
};

export const QUALITY: QualityReport = {
  sinceMs: 1_788_000_000_000,
  models: [
    {
      heatpumpModel: "idm/navigator-2.0",
      installations: 41,
      snapshotsStored: 98,
      snapshotsRejected: 2,
      readingsStored: 900,
      rejectedShare: 0.02,
      implausibleShare: 0.01,
      absentShare: 0.1,
      rejected: [{ reason: "OUT_OF_RANGE", count: 2 }],
      findings: [
        {
          heatpumpModel: "idm/navigator-2.0",
          kind: "stuck-sensor",
          metric: "temp_outdoor",
          installations: 2,
          foundAtMs: 1_789_000_000_000,
          detail: "does not move for a day",
        },
      ],
    },
  ],
};

export function createFakeBehind(): FakeBehind {
  const acked = new Map<string, number>();
  const fakeTraining = createFakeTraining();
  const fake: FakeBehind = {
    fakeTraining,
    training: fakeTraining.desk,
    opened: [],
    batches: [],
    losses: [],
    tables: [],
    closed: 0,
    erased: [],
    exported: [],
    decide: undefined,
    probeStore: async () => {
      if (fake.isStoreFull) throw new HeatpoolError("STORE_FAILED", "no space");
    },
    isStoreFull: false,
    refusal: undefined,
    ingest: {
      async open(introduction) {
        if (fake.refusal !== undefined) throw fake.refusal;
        if (introduction.consentVersion === 0) {
          throw new HeatpoolError("CONSENT_MISSING", "consent version 0");
        }
        fake.opened.push(introduction);
        const of = (epoch: number) => introduction.epochs[epoch]?.epochId ?? "";
        return {
          ackedThrough: introduction.epochs.map(({ epochId }) => acked.get(epochId) ?? 0),
          unknownTables: introduction.devices.map(({ tableId }) => tableId),
          lossAckedThrough: 0,
          async learnTable(table) {
            fake.tables.push(Buffer.from(table.id).toString("hex"));
          },
          async take(batch) {
            fake.batches.push(batch);
            if (fake.decide !== undefined) return fake.decide(batch);
            const expected = (acked.get(of(batch.epoch)) ?? 0) + 1;
            if (batch.sequence > expected) {
              throw new HeatpoolError("BATCH_GAP", `${batch.sequence} came, ${expected} is next`);
            }
            if (batch.sequence < expected) {
              return { ...admitted(batch), admitted: 0, duplicate: batch.rows };
            }
            acked.set(of(batch.epoch), batch.sequence);
            return admitted(batch);
          },
          async takeLosses(losses) {
            fake.losses.push(...losses);
            return Math.max(...losses.map(({ number }) => number));
          },
          async takeBack({ sequence, epoch }) {
            return sequence <= (acked.get(of(epoch)) ?? 0) ? "stored" : "voided";
          },
          close() {
            fake.closed += 1;
          },
        };
      },
    },
    community: {
      poolStatus: () => ({
        totalInstallations: 2,
        totalReadings: 5_000_000_000,
        modelsAvailable: ["idm/navigator-2.0"],
        dataSufficient: true,
        message: "enough",
        messageDe: "genug",
        closedTestPool: false,
      }),
      averages(heatpumpModel, metrics) {
        const unknown = metrics.find((metric) => metric === "nonsense");
        if (unknown !== undefined) throw new HeatpoolError("INVALID_ARGUMENT", unknown);
        const metric = {
          metric: "temp_flow",
          unit: "°C",
          mean: 35.12,
          median: 34.5,
          p10: undefined,
          p90: 41.25,
          installations: 15,
        };
        return {
          heatpumpModel,
          window: "24h",
          metrics: [metric],
          installations: 15,
          releasedAtMs: 1_790_000_000_000,
          suppressedBecause: "",
        };
      },
      async release() {
        throw new HeatpoolError("TOO_SOON", "released 3 h ago");
      },
    },
    efficiency: {
      figures: (heatpumpModel, window) => ({
        heatpumpModel,
        window,
        figures: [
          {
            quantity: "cop_total",
            unit: "",
            mean: 3.91,
            median: 3.9,
            p10: undefined,
            p90: 4.5,
            installations: 15,
          },
        ],
        releasedAtMs: 1_790_000_000_000,
      }),
      standing: async (_, window) => ({
        ...{ window, ranks: [], badges: [] },
        releasedAtMs: 1_790_000_000_000,
      }),
    },
    eligibility: (installationId) => ({
      eligible: installationId.startsWith("0"),
      code: "CONTRIBUTING",
      reason: "data came within 30 days",
      reasonDe: "Daten kamen in den letzten 30 Tagen",
      lastReceivedAtMs: 1_790_000_000_000,
      daysWithData: 3,
      windowDays: 30,
      installationsMissing: 0,
      readingsMissing: 0,
    }),
    metadata: async (role, version) =>
      version === undefined || version === 1 ? Buffer.from(`{"signed":"${role}"}`) : undefined,
    totals: async () => ({
      startedAtMs: 1_790_000_000_000,
      installations: 3,
      activeInstallations30d: 2,
      batchesStored: 10,
      snapshotsStored: 100,
      readingsStored: 1_000,
      snapshotsDuplicate: 1,
      snapshotsRejected: 2,
      snapshotsReportedLost: 3,
      storeBytes: 4_096,
      statisticsReleasedAtMs: 0,
      retentionRanAtMs: 1_790_000_000_000,
      retentionBatchesRemoved: 5,
      retentionMonths: 12,
      closedTestPool: false,
      warnings: ["Node is old"],
    }),
    operation: {
      state: async () => ({
        storage: {
          engine: "leveldb",
          bytes: 4_096,
          diskFreeBytes: 2 ** 33,
          diskBytes: 2 ** 34,
          commitP50Ms: 1.5,
          commitP99Ms: 17.25,
        },
        intake: {
          batchesPerSecond: 0.5,
          snapshotsPerSecond: 30,
          readingsPerSecond: 900,
          lagP50Ms: 60_000,
          lagP90Ms: 3_600_000,
          rejected: [{ reason: "OUT_OF_RANGE", count: 2 }],
          refused: [{ reason: "RATE_LIMITED", count: 7 }],
          snapshotsLost: 3,
        },
        catalogue: {
          roles: { root: { version: 1, expiresAtMs: 1_800_000_000_000, keyIds: [], threshold: 2 } },
          directorKeyIds: [],
          pendingKeyIds: [],
          releases: [RELEASE],
          proposed: [],
          autoSign: false,
          warnings: [],
        },
        logLevel: "info",
      }),
      jobs: () => [JOB],
      async runJob(name) {
        if (name !== JOB.name) throw new HeatpoolError("NOT_FOUND", `no job ${name}`);
        return { ...RUN, dueMs: 0, outcome: "failed", detail: "the disk is full" };
      },
      quality: async () => QUALITY,
      quotas: () => ({ ...fake.limits }),
      setQuotas: (changes) => Object.assign(fake.limits, changes),
      async *backUp() {
        yield Buffer.alloc(700_000, 1);
        yield Buffer.from("end");
      },
      setLogLevel(level) {
        if (level !== "debug") throw new HeatpoolError("INVALID_ARGUMENT", "no such level");
        return "info";
      },
    },
    limits: {
      batchesPerSecond: 2,
      batchesBurst: 60,
      snapshotsPerDay: 600_000,
      bytesPerDay: 2 ** 28,
    },
    installations: (after, limit) =>
      [0, 1, 2]
        .map((number) => ({
          installationId: `0000000${number}-0000-4000-8000-000000000000`,
          index: number,
          heatpumpModels: ["idm/navigator-2.0"],
          daemonVersion: "0.1.0",
          firstSeenAtMs: 1,
          lastReceivedAtMs: 2,
          snapshotsStored: 3,
          readingsStored: 4,
          snapshotsReportedLost: 5,
          snapshotsRejected: 6,
          daysReceived: 7,
          daysWithData: 8,
        }))
        .filter(({ installationId }) => installationId > after)
        .slice(0, limit),
    async erase(installationId, closeStreams) {
      if (!fake.opened.some((one) => one.installationId === installationId)) {
        throw new HeatpoolError("NOT_FOUND", "not known");
      }
      await closeStreams();
      fake.erased.push(installationId);
      return { installationId, erasedAtMs: 7, batches: 1, refusedBatches: 2, losses: 3 };
    },
    async *export(installationId) {
      const [record] = fake.installations("", 1);
      if (record?.installationId !== installationId) {
        throw new HeatpoolError("NOT_FOUND", "not known");
      }
      yield { kind: "installation", record, consentVersion: 1, consentScopes: ["telemetry"] };
      yield* fake.exported;
    },
    exportLines: (installationId) => exportLines(fake.export(installationId)),
  };
  return fake;
}
