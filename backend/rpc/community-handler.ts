/** The community service: what the pool tells about itself, on the wire. */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type {
  GetAveragesRequest,
  GetAveragesResponse,
  GetPoolStatusRequest,
  GetPoolStatusResponse,
} from "#proto/heatpool/community/v1/community.js";
import type { CommunityServiceServer } from "#proto/heatpool/community/v1/community_service.js";
import type { Community } from "../aggregate/community.js";
import { guardUnary } from "./guard.js";
import type { ToStatus } from "./status.js";

/** Of the wire contract. */
const METRICS_MAX = 64;
const MODEL_MAX = 128;

export function createCommunityHandler(
  community: Community,
  clock: Clock,
  toStatus: ToStatus,
): CommunityServiceServer {
  return {
    getPoolStatus: guardUnary<GetPoolStatusRequest, GetPoolStatusResponse>(toStatus, async () => {
      const { totalReadings, modelsAvailable, ...status } = community.poolStatus();
      return {
        ...status,
        totalDataPoints: BigInt(totalReadings),
        modelsAvailable: [...modelsAvailable],
        timeMs: BigInt(clock.nowMs()),
      };
    }),
    getAverages: guardUnary<GetAveragesRequest, GetAveragesResponse>(
      toStatus,
      async ({ heatpumpModel, metrics }) => {
        if (metrics.length > METRICS_MAX || heatpumpModel.length > MODEL_MAX) {
          const what = `${metrics.length} metrics of a model of ${heatpumpModel.length} characters`;
          throw new HeatpoolError("INVALID_ARGUMENT", what);
        }
        const found = community.averages(heatpumpModel, metrics);
        return {
          ...found,
          metrics: found.metrics.map((metric) => ({ ...metric })),
          releasedAtMs: BigInt(found.releasedAtMs),
        };
      },
    ),
  };
}
