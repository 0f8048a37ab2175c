/**
 * The operator's questions to a running backend, over its admin listener.
 */
import {
  type CallOptions,
  type ChannelCredentials,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/admin/v1/admin.js";
import { AdminServiceClient } from "#proto/heatpool/admin/v1/admin_service.js";
import type * as operation from "#proto/heatpool/admin/v1/operation.js";
import type { ReleaseSummary } from "../aggregate/community.js";
import type { QuotaLimits } from "../ingest/quota.js";
import type { QualityReport } from "../operation/data-quality.js";
import type { ErasureReceipt } from "../privacy/subject-rights.js";
import type { JobRun, JobState } from "../schedule/schedule.js";
import type { TrainingDesk } from "../train/training-desk.js";
import type { BackendTotals } from "./door.js";
import {
  fromExported,
  fromInstallation,
  type ListedInstallation,
  type ReceivedPart,
} from "./export-wire.js";
import {
  fromJob,
  fromQuotas,
  fromReport,
  fromRun,
  fromState,
  type SeenState,
  toChanges,
} from "./operation-wire.js";
import { type ServerName, serverNameOf } from "./server-name.js";
import { fromStatus, isAnswered } from "./status.js";
import { createTrainingClient } from "./training-client.js";

/** The backend's state, as its operator sees it. */
export interface BackendStatus extends BackendTotals, SeenState {
  readonly version: string;
  readonly openStreams: number;
}

/** A connection to the admin listener. */
export interface AdminClient {
  status(): Promise<BackendStatus>;
  /** All installations in the order of their ids. */
  installations(): AsyncIterable<ListedInstallation>;
  /** @throws HeatpoolError `TOO_SOON` within 20 h of the last release */
  releaseStatistics(): Promise<ReleaseSummary>;
  /** @throws HeatpoolError `NOT_FOUND` nothing is known of it */
  eraseInstallation(wanted: {
    readonly installationId: string;
    /** Empty: the id alone names it. */
    readonly recoveryCode: string;
  }): Promise<ErasureReceipt>;
  /** @throws HeatpoolError `NOT_FOUND` it is not enrolled */
  revokeInstallation(
    installationId: string,
  ): Promise<{ readonly installationId: string; readonly revokedAtMs: number }>;
  /** All that is held about an installation, which comes first. @throws HeatpoolError `NOT_FOUND` */
  exportInstallation(installationId: string): AsyncIterable<ReceivedPart>;
  schedule(): Promise<readonly JobState[]>;
  /** @throws HeatpoolError `NOT_FOUND` no such job · `UNAVAILABLE` it runs already */
  runJob(name: string): Promise<JobRun>;
  /** @param heatpumpModel empty: of all */
  quality(heatpumpModel: string): Promise<QualityReport>;
  quotas(): Promise<QuotaLimits>;
  /** Resolves with all that hold. @throws HeatpoolError `INVALID_ARGUMENT` */
  setQuotas(changes: Partial<QuotaLimits>): Promise<QuotaLimits>;
  /** Resolves with the level before. @throws HeatpoolError `INVALID_ARGUMENT` no such level */
  setLogLevel(level: string): Promise<string>;
  readonly training: TrainingDesk;
  /** The bytes of a backup. @throws HeatpoolError `STATE_INVALID` · `UNAVAILABLE` */
  backUp(): AsyncIterable<Uint8Array>;
  close(): void;
}

/** A backend on the same machine answers at once, or is busy with a release. */
const DEADLINE_MS = 30_000;
/** Files are rewritten, which takes as long as they are large. */
const ERASURE_DEADLINE_MS = 30 * 60_000;
/** Retention reads and rewrites all there is. */
const JOB_DEADLINE_MS = 12 * 3_600_000;
const PAGE_SIZE = 1_000;

/** One question of the generated client. */
type Call<Response> = (
  options: Partial<CallOptions>,
  done: (error: ServiceError | null, response: Response) => void,
) => unknown;

/** An answer whose 64-bit numbers became ours. */
type Numbers<T> = { [K in keyof T]: T[K] extends bigint ? number : T[K] };

/**
 * @param target as grpc-js names it: `unix:/path` or `127.0.0.1:7444`
 * @param authority PEM to trust; left out: without TLS
 */
export function connectAdmin(
  target: string,
  authority: Buffer | undefined,
  clock: Pick<Clock, "nowMs">,
): AdminClient {
  const name = serverNameOf(target);
  const client = new AdminServiceClient(target, toCredentials(authority, name), {
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    // A socket in the file system has no name of its own.
    ...(target.startsWith("unix:") && { "grpc.default_authority": "localhost" }),
    ...(authority !== undefined && name.options),
  });
  const metadata = new Metadata();
  const askRaw = async <Response extends object>(
    call: Call<Response>,
    deadlineMs = DEADLINE_MS,
  ): Promise<Response> =>
    await new Promise<Response>((resolve, reject) => {
      call({ deadline: clock.nowMs() + deadlineMs }, (error, response) => {
        if (error === null) resolve(response);
        else reject(explain(error, target));
      });
    });
  const ask = async <Response extends object>(
    call: Call<Response>,
    deadlineMs = DEADLINE_MS,
  ): Promise<Numbers<Response>> => toNumbers(await askRaw(call, deadlineMs));

  /** The call is begun by whoever reads: one that nobody reads would fail unheard, as a bug. */
  async function* read<Response, Part>(
    begin: () => AsyncIterable<Response> & { cancel(): void },
    toPart: (response: Response) => Part,
  ): AsyncGenerator<Part, void, undefined> {
    const call = begin();
    try {
      for await (const response of call) yield toPart(response);
    } catch (error) {
      throw error instanceof HeatpoolError ? error : explain(error as ServiceError, target);
    } finally {
      call.cancel();
    }
  }

  return {
    async status() {
      const status = await ask<wire.GetStatusResponse>((options, done) =>
        client.getStatus({}, metadata, options, done),
      );
      return { ...status, ...fromState(status) };
    },
    async *installations() {
      for (let pageToken = ""; ; ) {
        const request = { pageSize: PAGE_SIZE, pageToken };
        const page = await ask<wire.ListInstallationsResponse>((options, done) =>
          client.listInstallations(request, metadata, options, done),
        );
        yield* page.installations.map(fromInstallation);
        if (page.nextPageToken === "") return;
        pageToken = page.nextPageToken;
      }
    },
    releaseStatistics: () =>
      ask<wire.ReleaseStatisticsResponse>((options, done) =>
        client.releaseStatistics({}, metadata, options, done),
      ),
    eraseInstallation: ({ installationId, recoveryCode }) =>
      ask<wire.EraseInstallationResponse>((options, done) => {
        const request = { installationId, recoveryCode };
        return client.eraseInstallation(request, metadata, options, done);
      }, ERASURE_DEADLINE_MS),
    revokeInstallation: (installationId) =>
      ask<wire.RevokeInstallationResponse>((options, done) =>
        client.revokeInstallation({ installationId }, metadata, options, done),
      ),
    exportInstallation: (installationId) =>
      read(() => client.exportInstallation({ installationId }, metadata), fromExported),
    backUp: () =>
      read(
        () => client.backUp({}, metadata),
        ({ bytes }: operation.BackUpResponse) => bytes,
      ),
    async schedule() {
      const { jobs } = await ask<operation.GetScheduleResponse>((options, done) =>
        client.getSchedule({}, metadata, options, done),
      );
      return jobs.map(fromJob);
    },
    async runJob(job) {
      const { run } = await ask<operation.RunJobResponse>(
        (options, done) => client.runJob({ job }, metadata, options, done),
        JOB_DEADLINE_MS,
      );
      if (run === undefined) throw new HeatpoolError("PROTOCOL", "no run came");
      return fromRun(run);
    },
    async quality(heatpumpModel) {
      const { sinceMs, models } = await ask<operation.GetDataQualityResponse>((options, done) =>
        client.getDataQuality({ heatpumpModel }, metadata, options, done),
      );
      return fromReport({ sinceMs: BigInt(sinceMs), models });
    },
    async quotas() {
      const { quotas } = await ask<operation.GetQuotasResponse>((options, done) =>
        client.getQuotas({}, metadata, options, done),
      );
      return fromQuotas(quotas);
    },
    async setQuotas(changes) {
      const { quotas } = await ask<operation.SetQuotasResponse>((options, done) =>
        client.setQuotas(toChanges(changes), metadata, options, done),
      );
      return fromQuotas(quotas);
    },
    async setLogLevel(level) {
      const { previousLevel } = await ask<operation.SetLogLevelResponse>((options, done) =>
        client.setLogLevel({ level }, metadata, options, done),
      );
      return previousLevel;
    },
    training: createTrainingClient(client, askRaw),
    close: () => client.close(),
  };
}

function toCredentials(authority: Buffer | undefined, { check }: ServerName): ChannelCredentials {
  if (authority === undefined) return credentials.createInsecure();
  return credentials.createSsl(authority, null, null, check);
}

function toNumbers<T extends object>(message: T): Numbers<T> {
  const values = Object.entries(message).map(([name, value]) => {
    return [name, typeof value === "bigint" ? Number(value) : value];
  });
  return Object.fromEntries(values) as Numbers<T>;
}

function explain(cause: ServiceError, target: string): HeatpoolError {
  const error = fromStatus(cause);
  // What the backend itself calls UNAVAILABLE, as a training that runs already, was answered.
  if (error.code !== "UNAVAILABLE" || isAnswered(cause)) return error;
  if (/\bcert/i.test(cause.details)) {
    return new HeatpoolError("UNAVAILABLE", `${target} shows a certificate that is not for it`, {
      cause,
      hint:
        "Name it with --admin as its certificate does, give tls.caFile of its authority, or make " +
        "another with `heatpool-backend ca issue --host`.",
    });
  }
  return new HeatpoolError("UNAVAILABLE", `no backend answers at ${target}`, {
    cause,
    hint: "Is `heatpool-backend serve` running, with the same configuration?",
  });
}
