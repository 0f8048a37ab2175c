/** The model service: who may have models, on the wire. */
import { HeatpoolError } from "#core/errors.js";
import {
  type CheckEligibilityRequest,
  type CheckEligibilityResponse,
  EligibilityReason,
} from "#proto/heatpool/model/v1/model.js";
import type { ModelServiceServer } from "#proto/heatpool/model/v1/model_service.js";
import type { IdentityJudge } from "../enrolment/judge-identity.js";
import { demandOwnId, principalOf } from "./authentication.js";
import type { Behind } from "./door.js";
import { guardUnary } from "./guard.js";
import { parseInstallationId } from "./installation-id.js";
import type { ToStatus } from "./status.js";

/** Of the wire contract. */
const MODEL_MAX = 128;

export function createModelHandler(
  behind: Pick<Behind, "eligibility">,
  toStatus: ToStatus,
  judge: IdentityJudge | undefined,
): ModelServiceServer {
  return {
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
  };
}
