/**
 * Questions to the community, asked by a person's command: may this installation have models, how
 * large is the pool, what are the averages. Asking needs no consent and sends no measurement; the
 * id goes along only where the question is about it.
 */
import { type Client, type ServiceError, status } from "@grpc/grpc-js";
import { HeatpoolError } from "#core/errors.js";
import { CommunityServiceClient } from "#proto/heatpool/community/v1/community_service.js";
import { ModelServiceClient } from "#proto/heatpool/model/v1/model_service.js";
import {
  clientOptions,
  createCredentials,
  createMetadata,
  type Endpoint,
} from "./grpc-transport.js";

/** Whether models may be had, and why. */
interface EligibilityAnswer {
  readonly isEligible: boolean;
  readonly reason: { readonly de: string; readonly en: string };
  readonly daysWithData: number;
  readonly windowDays: number;
  readonly installationsMissing: number;
  readonly readingsMissing: number;
}

/** How large the pool is. */
interface PoolAnswer {
  readonly installations: number;
  readonly readings: number;
  readonly isSufficient: boolean;
  readonly message: { readonly de: string; readonly en: string };
  readonly isClosedTestPool: boolean;
}

/** One released statistic. */
interface AverageAnswer {
  readonly metric: string;
  readonly unit: string;
  readonly mean: number;
  readonly median: number;
  readonly p10: number | undefined;
  readonly p90: number | undefined;
  readonly installations: number;
}

/** Released statistics of a heat pump model. */
interface AveragesAnswer {
  readonly heatpumpModel: string;
  readonly window: string;
  readonly installations: number;
  readonly releasedAtMs: number;
  /** Empty: nothing is missing. */
  readonly suppressedBecause: string;
  readonly metrics: readonly AverageAnswer[];
}

/** Asks the backend. */
export interface CommunityClient {
  eligibility(installationId: string, heatpumpModel: string): Promise<EligibilityAnswer>;
  poolStatus(): Promise<PoolAnswer>;
  averages(heatpumpModel: string, metrics: readonly string[]): Promise<AveragesAnswer>;
  close(): void;
}

/** A person waits for the answer. */
const ANSWER_MAX_MS = 5_000;

/** @throws HeatpoolError `CONFIG_INVALID` for what the endpoint names */
export function connectCommunity(endpoint: Endpoint): CommunityClient {
  const parts = [
    endpoint.address,
    createCredentials(endpoint),
    clientOptions(endpoint, false),
  ] as const;
  const community = new CommunityServiceClient(...parts);
  const model = new ModelServiceClient(...parts);
  const metadata = createMetadata(endpoint);
  const options = () => ({ deadline: Date.now() + ANSWER_MAX_MS });
  return {
    async eligibility(installationId, heatpumpModel) {
      const question = { installationId, heatpumpModel };
      const answer = await ask(model.checkEligibility.bind(model, question, metadata, options()));
      return {
        isEligible: answer.eligible,
        reason: { de: answer.reasonDe, en: answer.reason },
        daysWithData: answer.daysWithData,
        windowDays: answer.windowDays,
        installationsMissing: answer.installationsMissing,
        readingsMissing: Number(answer.readingsMissing),
      };
    },
    async poolStatus() {
      const answer = await ask(community.getPoolStatus.bind(community, {}, metadata, options()));
      return {
        installations: answer.totalInstallations,
        readings: Number(answer.totalDataPoints),
        isSufficient: answer.dataSufficient,
        message: { de: answer.messageDe, en: answer.message },
        isClosedTestPool: answer.closedTestPool,
      };
    },
    async averages(heatpumpModel, metrics) {
      const question = { heatpumpModel, metrics: [...metrics] };
      const answer = await ask(
        community.getAverages.bind(community, question, metadata, options()),
      );
      return {
        heatpumpModel: answer.heatpumpModel,
        window: answer.window,
        installations: answer.installations,
        releasedAtMs: Number(answer.releasedAtMs),
        suppressedBecause: answer.suppressedBecause,
        metrics: answer.metrics.map((one) => ({ ...one, p10: one.p10, p90: one.p90 })),
      };
    },
    close() {
      const clients: readonly Client[] = [community, model];
      for (const client of clients) client.close();
    },
  };
}

type Reply<T> = (error: ServiceError | null, answer: T) => void;

function ask<T>(call: (reply: Reply<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, answer) => {
      if (error === null) resolve(answer);
      else reject(toError(error));
    });
  });
}

function toError(error: ServiceError): HeatpoolError {
  const codes = {
    [status.UNAUTHENTICATED]: "UNAUTHENTICATED",
    [status.PERMISSION_DENIED]: "PERMISSION_DENIED",
    [status.INVALID_ARGUMENT]: "INVALID_ARGUMENT",
    [status.NOT_FOUND]: "NOT_FOUND",
    [status.RESOURCE_EXHAUSTED]: "RATE_LIMITED",
  } as const;
  const code = codes[error.code as keyof typeof codes] ?? "UNAVAILABLE";
  return new HeatpoolError(code, `backend: ${error.details}`, { cause: error });
}
