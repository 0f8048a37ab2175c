/**
 * The model service: who may have models, which there are, and the models, on the wire. What Receive
 * answers is bytes already.
 */
import type { handleBidiStreamingCall } from "@grpc/grpc-js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import {
  type CheckEligibilityRequest,
  type CheckEligibilityResponse,
  EligibilityReason,
  type GetMetadataRequest,
  type GetMetadataResponse,
  type ReceiveRequest,
} from "#proto/heatpool/model/v1/model.js";
import {
  type ModelServiceServer,
  ModelServiceService,
} from "#proto/heatpool/model/v1/model_service.js";
import type { IdentityJudge } from "../enrolment/judge-identity.js";
import { demandOwnId, principalOf } from "./authentication.js";
import type { Behind } from "./door.js";
import { guardBidi, guardServerStream, guardUnary } from "./guard.js";
import { parseInstallationId } from "./installation-id.js";
import type { ModelStreams } from "./model-streams.js";
import { createReceive } from "./receive-handler.js";
import { withShortRequests } from "./request-frame.js";
import type { ToStatus } from "./status.js";

/** The service with Receive's answers as they are. */
export const MODEL_SERVICE = withShortRequests({
  ...ModelServiceService,
  receive: { ...ModelServiceService.receive, responseSerialize: (bytes: Buffer) => bytes },
});

/** Of the wire contract. */
const MODEL_MAX = 128;
const PIECE_BYTES_MAX = 64 * 1024;
const MAX_VERSION = BigInt(Number.MAX_SAFE_INTEGER);
const ROLES = ["root", "timestamp", "snapshot", "targets"] as const;

export function createModelHandler(
  behind: Pick<Behind, "eligibility" | "metadata" | "push">,
  clock: Clock,
  toStatus: ToStatus,
  { judge, streams }: { judge: IdentityJudge | undefined; streams: ModelStreams },
): Omit<ModelServiceServer, "receive"> & {
  readonly receive: handleBidiStreamingCall<ReceiveRequest, Buffer>;
} {
  const receive = createReceive({ push: behind.push, clock, judge, streams });
  return {
    receive: guardBidi<ReceiveRequest, Buffer>(toStatus, receive, { paced: true }),
    checkEligibility: guardUnary<CheckEligibilityRequest, CheckEligibilityResponse>(
      toStatus,
      async ({ installationId, heatpumpModel }, call) => {
        if (heatpumpModel.length > MODEL_MAX) {
          const what = `a heat pump model of ${heatpumpModel.length} characters`;
          throw new HeatpoolError("INVALID_ARGUMENT", what);
        }
        const id = parseInstallationId(installationId);
        demandOwnId(principalOf(call, judge), id);
        const verdict = behind.eligibility(id, heatpumpModel);
        const { code, lastReceivedAtMs, readingsMissing, ...same } = verdict;
        return {
          ...same,
          code: EligibilityReason[`ELIGIBILITY_REASON_${code}`],
          lastReceivedAtMs: BigInt(lastReceivedAtMs),
          readingsMissing: BigInt(readingsMissing),
        };
      },
    ),
    getMetadata: guardServerStream<GetMetadataRequest, GetMetadataResponse>(toStatus, (request) =>
      readPieces(behind, request),
    ),
  };
}

async function* readPieces(
  { metadata }: Pick<Behind, "metadata">,
  { name, version }: GetMetadataRequest,
): AsyncGenerator<GetMetadataResponse> {
  const role = ROLES.find((one) => one === name);
  const isNewest = version === 0n;
  if (role === undefined || isNewest !== (role === "timestamp") || version > MAX_VERSION) {
    const what = `no metadata is called ${JSON.stringify(name.slice(0, 32))}, version ${version}`;
    throw new HeatpoolError("INVALID_ARGUMENT", what);
  }
  const bytes = await metadata(role, isNewest ? undefined : Number(version));
  if (bytes === undefined) {
    throw new HeatpoolError("NOT_FOUND", isNewest ? name : `${version}.${name}`);
  }
  for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) {
    yield { piece: Buffer.from(bytes.subarray(at, at + PIECE_BYTES_MAX)) };
  }
}
