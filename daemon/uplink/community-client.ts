/**
 * Questions to the community, asked by a person's command: may this installation have models, how
 * large is the pool, what are the averages. Asking needs no consent and sends no measurement; the
 * id goes along only where the question is about it.
 */
import { type ServiceError, status } from "@grpc/grpc-js";
import type { HeatpoolError } from "#core/errors.js";
import type { GetStandingResponse } from "#proto/heatpool/community/v1/community.js";
import { CommunityServiceClient } from "#proto/heatpool/community/v1/community_service.js";
import { ModelServiceClient } from "#proto/heatpool/model/v1/model_service.js";
import { type AskingLine, createAskingLine } from "./asking-line.js";
import { createMetadata, type Endpoint, joinLine, toUplinkError } from "./grpc-transport.js";

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

/** One figure of this installation, beside others of the same model. */
interface RankAnswer {
  /** `cop_total`, `spf`, … */
  readonly quantity: string;
  readonly unit: string;
  readonly heatpumpModel: string;
  readonly value: number;
  /** Left out: the figure has no better end, or too few others have it. */
  readonly betterThanPercent: number | undefined;
  readonly installations: number | undefined;
}

/** What was earned, in words that may be shown as they are. */
interface BadgeAnswer {
  readonly id: string;
  readonly title: { readonly de: string; readonly en: string };
  readonly text: { readonly de: string; readonly en: string };
}

/** Where this installation stands. */
interface StandingAnswer {
  /** `30d` */
  readonly window: string;
  readonly ranks: readonly RankAnswer[];
  readonly badges: readonly BadgeAnswer[];
  /** 0: nothing is released yet. */
  readonly releasedAtMs: number;
}

/** Asks the backend. */
export interface CommunityClient {
  eligibility(installationId: string, heatpumpModel: string): Promise<EligibilityAnswer>;
  poolStatus(): Promise<PoolAnswer>;
  averages(heatpumpModel: string, metrics: readonly string[]): Promise<AveragesAnswer>;
  /**
   * Where the installation of this identity stands over 30 days. `undefined`: nothing of it is known
   * yet, it shows no certificate, or the backend is older than the question.
   */
  standing(installationId: string): Promise<StandingAnswer | undefined>;
  close(): void;
}

/** A person waits for the answer. */
const ANSWER_MAX_MS = 5_000;

/** @throws HeatpoolError `CONFIG_INVALID` for what the endpoint names */
export function connectCommunity(
  endpoint: Endpoint,
  line: AskingLine = createAskingLine(),
): CommunityClient {
  const { parts, close } = joinLine(line, endpoint);
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
    async standing(installationId) {
      const question = { installationId, window: "" };
      const call = community.getStanding.bind(community, question, metadata, options());
      const answer = await ask(call).catch((fault: unknown) => {
        if (isUnanswered(fault)) return undefined;
        throw fault;
      });
      return answer && toStanding(answer);
    },
    close,
  };
}

/** An older backend, an installation without data, or one that does not show who it is. */
function isUnanswered(fault: unknown): boolean {
  const { cause } = fault as { readonly cause?: ServiceError };
  const known = [status.NOT_FOUND, status.UNIMPLEMENTED];
  const unknown = [status.UNAUTHENTICATED, status.PERMISSION_DENIED];
  return cause !== undefined && [...known, ...unknown].includes(cause.code);
}

function toStanding({ window, ranks, badges, releasedAtMs }: GetStandingResponse): StandingAnswer {
  return {
    window,
    releasedAtMs: Number(releasedAtMs),
    ranks: ranks.map((one) => ({
      ...{ quantity: one.quantity, unit: one.unit, heatpumpModel: one.heatpumpModel },
      value: one.value,
      betterThanPercent: one.betterThanPercent,
      installations: one.installations,
    })),
    badges: badges.map(({ id, title, titleDe, text, textDe }) => ({
      id,
      title: { de: titleDe, en: title },
      text: { de: textDe, en: text },
    })),
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
  return toUplinkError(code, error);
}
