/** An operator's orders for training to a running backend, over its admin listener. */
import type { CallOptions, ServiceError } from "@grpc/grpc-js";
import { Metadata } from "@grpc/grpc-js";
import type { AdminServiceClient } from "#proto/heatpool/admin/v1/admin_service.js";
import type * as wire from "#proto/heatpool/admin/v1/training.js";
import type { TrainingDesk } from "../train/training-desk.js";
import { fromCandidate, fromOrder, fromRun } from "./training-wire.js";

/** Asks once, with a deadline. */
export type Ask = <Response extends object>(
  call: (
    options: Partial<CallOptions>,
    done: (error: ServiceError | null, response: Response) => void,
  ) => unknown,
) => Promise<Response>;

export function createTrainingClient(client: AdminServiceClient, ask: Ask): TrainingDesk {
  const metadata = new Metadata();
  return {
    async start(order) {
      const { run } = await ask<wire.StartTrainingResponse>((options, done) =>
        client.startTraining(fromOrder(order), metadata, options, done),
      );
      return fromRun(run);
    },
    async runs() {
      const { runs } = await ask<wire.ListTrainingRunsResponse>((options, done) =>
        client.listTrainingRuns({}, metadata, options, done),
      );
      return runs.map(fromRun);
    },
    async candidates(modelId) {
      const { candidates } = await ask<wire.ListCandidatesResponse>((options, done) =>
        client.listCandidates({ modelId }, metadata, options, done),
      );
      return candidates.map(fromCandidate);
    },
    async publish(modelId, version) {
      const { release, listed } = await ask<wire.PublishCandidateResponse>((options, done) =>
        client.publishCandidate({ modelId, version }, metadata, options, done),
      );
      return { release: Number(release), isListed: listed };
    },
    async discard(modelId, version) {
      await ask<wire.DiscardCandidateResponse>((options, done) =>
        client.discardCandidate({ modelId, version }, metadata, options, done),
      );
    },
  };
}
