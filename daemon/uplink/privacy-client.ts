/**
 * The backend's privacy service, asked over the network with this installation's certificate.
 */
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { HeatpoolError } from "#core/errors.js";
import { parseUuid } from "#core/uuid.js";
import { PrivacyServiceClient } from "#proto/heatpool/privacy/v1/privacy_service.js";
import type { PrivacyPort } from "../privacy/privacy.js";
import { type AskingLine, createAskingLine } from "./asking-line.js";
import { type Endpoint, joinLine, toUplinkError } from "./grpc-transport.js";

/** Erasing rewrites files on a small server; giving out a year takes a while, too. */
const ERASE_MAX_MS = 5 * 60_000;
const EXPORT_MAX_MS = 60 * 60_000;
const ANSWER_MAX_MS = 30_000;

const CODES = {
  [status.UNAUTHENTICATED]: "UNAUTHENTICATED",
  [status.PERMISSION_DENIED]: "PERMISSION_DENIED",
  [status.INVALID_ARGUMENT]: "INVALID_ARGUMENT",
  [status.NOT_FOUND]: "NOT_FOUND",
  [status.RESOURCE_EXHAUSTED]: "RATE_LIMITED",
  // A backend of an earlier version.
  [status.UNIMPLEMENTED]: "PROTOCOL",
} as const;

/** A connection to the service. */
export interface PrivacyConnection {
  readonly port: PrivacyPort;
  close(): void;
}

/** @param endpoint the main address, with the certificate to show */
export async function withPrivacy<T>(
  endpoint: Endpoint,
  work: (port: PrivacyPort) => Promise<T>,
  line?: AskingLine,
): Promise<T> {
  const { port, close } = connectPrivacy(endpoint, line);
  try {
    return await work(port);
  } finally {
    close();
  }
}

/** @param endpoint as `withPrivacy` */
export function connectPrivacy(
  endpoint: Endpoint,
  line: AskingLine = createAskingLine(),
): PrivacyConnection {
  const { parts, close } = joinLine(line, endpoint);
  const client = new PrivacyServiceClient(...parts);
  const within = (ms: number) => ({ deadline: Date.now() + ms });
  const port: PrivacyPort = {
    async *export(installationId) {
      const call = client.export(toRequest(installationId), new Metadata(), within(EXPORT_MAX_MS));
      try {
        for await (const { piece } of call as AsyncIterable<{ piece: Buffer }>) yield piece;
      } catch (error) {
        throw toError(error as ServiceError);
      }
    },
    erase: (installationId) =>
      new Promise((resolve, reject) => {
        const request = toRequest(installationId);
        client.erase(request, new Metadata(), within(ERASE_MAX_MS), (error, answer) =>
          error === null ? resolve(answer) : reject(toError(error)),
        );
      }),
    renewRecoveryCode: (installationId) =>
      new Promise((resolve, reject) => {
        const request = toRequest(installationId);
        const options = within(ANSWER_MAX_MS);
        client.renewRecoveryCode(request, new Metadata(), options, (error, answer) =>
          error === null ? resolve(answer.recoveryCode) : reject(toError(error)),
        );
      }),
  };
  return { port, close };
}

function toRequest(installationId: string) {
  return { installationId: Buffer.from(parseUuid(installationId) ?? []) };
}

function toError(error: ServiceError): HeatpoolError {
  const code = CODES[error.code as keyof typeof CODES] ?? "UNAVAILABLE";
  return toUplinkError(code, error);
}
