/** The model service: who may have models, and the models, on the wire. */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import {
  type CheckEligibilityRequest,
  type CheckEligibilityResponse,
  EligibilityReason,
  type ReceiveRequest,
  type ReceiveResponse,
} from "#proto/heatpool/model/v1/model.js";
import type { ModelServiceServer } from "#proto/heatpool/model/v1/model_service.js";
import type { Behind } from "./door.js";
import { guardBidi, guardUnary } from "./guard.js";
import { parseInstallationId } from "./installation-id.js";
import { createReceive } from "./receive-handler.js";
import type { ToStatus } from "./status.js";

/** Of the wire contract. */
const MODEL_MAX = 128;

export function createModelHandler(
  behind: Pick<Behind, "eligibility" | "push">,
  clock: Clock,
  toStatus: ToStatus,
): ModelServiceServer {
  const receive = createReceive({ push: behind.push, clock });
  return {
    receive: guardBidi<ReceiveRequest, ReceiveResponse>(toStatus, receive, { paced: true }),
    checkEligibility: guardUnary<CheckEligibilityRequest, CheckEligibilityResponse>(
      toStatus,
      async ({ installationId, heatpumpModel }) => {
        if (heatpumpModel.length > MODEL_MAX) {
          const what = `a heat pump model of ${heatpumpModel.length} characters`;
          throw new HeatpoolError("INVALID_ARGUMENT", what);
        }
        const verdict = behind.eligibility(parseInstallationId(installationId), heatpumpModel);
        const { code, lastReceivedAtMs, readingsMissing, ...same } = verdict;
        return {
          ...same,
          code: EligibilityReason[`ELIGIBILITY_REASON_${code}`],
          lastReceivedAtMs: BigInt(lastReceivedAtMs),
          readingsMissing: BigInt(readingsMissing),
        };
      },
    ),
  };
}
