/** The part of the admin service that is about training and its candidates. */
import { HeatpoolError } from "#core/errors.js";
import type { AdminServiceServer } from "#proto/heatpool/admin/v1/admin_service.js";
import type * as wire from "#proto/heatpool/admin/v1/training.js";
import type { TrainingDesk } from "../train/training-desk.js";
import { guardUnary } from "./guard.js";
import type { ToStatus } from "./status.js";
import { toCandidate, toOrder, toRun } from "./training-wire.js";

/** Methods that are answered here. */
type Method =
  | "startTraining"
  | "listTrainingRuns"
  | "listCandidates"
  | "publishCandidate"
  | "discardCandidate";

export function createTrainingHandler(
  desk: TrainingDesk,
  toStatus: ToStatus,
): Pick<AdminServiceServer, Method> {
  return {
    startTraining: guardUnary<wire.StartTrainingRequest, wire.StartTrainingResponse>(
      toStatus,
      async (request) => ({ run: toRun(await desk.start(toOrder(request)).catch(toArgument)) }),
    ),
    listTrainingRuns: guardUnary<wire.ListTrainingRunsRequest, wire.ListTrainingRunsResponse>(
      toStatus,
      async () => ({ runs: (await desk.runs()).map(toRun) }),
    ),
    listCandidates: guardUnary<wire.ListCandidatesRequest, wire.ListCandidatesResponse>(
      toStatus,
      async ({ modelId }) => ({ candidates: (await desk.candidates(modelId)).map(toCandidate) }),
    ),
    publishCandidate: guardUnary<wire.PublishCandidateRequest, wire.PublishCandidateResponse>(
      toStatus,
      async ({ modelId, version }) => {
        requireName(modelId, version);
        const { release, isListed } = await desk.publish(modelId, version);
        return { release: BigInt(release), listed: isListed };
      },
    ),
    discardCandidate: guardUnary<wire.DiscardCandidateRequest, wire.DiscardCandidateResponse>(
      toStatus,
      async ({ modelId, version }) => {
        requireName(modelId, version);
        await desk.discard(modelId, version);
        return {};
      },
    ),
  };
}

/** What a command calls wrong usage is a wrong argument here. */
function toArgument(fault: unknown): never {
  if (!(fault instanceof HeatpoolError) || fault.code !== "USAGE") throw fault;
  throw new HeatpoolError("INVALID_ARGUMENT", fault.message, { cause: fault });
}

function requireName(modelId: string, version: string): void {
  if (modelId !== "" && version !== "") return;
  throw new HeatpoolError("INVALID_ARGUMENT", "a candidate has a model_id and a version");
}
