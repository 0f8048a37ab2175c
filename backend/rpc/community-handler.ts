/** The community service: what the pool tells about itself, on the wire. */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type {
  GetAveragesRequest,
  GetAveragesResponse,
  GetPerformanceRequest,
  GetPerformanceResponse,
  GetPoolStatusRequest,
  GetPoolStatusResponse,
  GetStandingRequest,
  GetStandingResponse,
} from "#proto/heatpool/community/v1/community.js";
import type { CommunityServiceServer } from "#proto/heatpool/community/v1/community_service.js";
import type { Standing } from "../aggregate/efficiency.js";
import type { PerformanceWindow } from "../aggregate/performance.js";
import type { IdentityJudge } from "../enrolment/judge-identity.js";
import { demandOwnId, principalOf } from "./authentication.js";
import type { Behind } from "./door.js";
import { guardUnary } from "./guard.js";
import { parseInstallationId } from "./installation-id.js";
import type { ToStatus } from "./status.js";

/** Of the wire contract. */
const METRICS_MAX = 64;
const MODEL_MAX = 128;

export function createCommunityHandler(
  { community, efficiency }: Pick<Behind, "community" | "efficiency">,
  clock: Clock,
  toStatus: ToStatus,
  judge: IdentityJudge | undefined,
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
    getPerformance: guardUnary<GetPerformanceRequest, GetPerformanceResponse>(
      toStatus,
      async ({ heatpumpModel, window }) => {
        if (heatpumpModel.length > MODEL_MAX) {
          const what = `a model of ${heatpumpModel.length} characters`;
          throw new HeatpoolError("INVALID_ARGUMENT", what);
        }
        const found = efficiency.figures(heatpumpModel, toWindow(window));
        return {
          ...found,
          figures: found.figures.map((figure) => ({ ...figure })),
          releasedAtMs: BigInt(found.releasedAtMs),
        };
      },
    ),
    getStanding: guardUnary<GetStandingRequest, GetStandingResponse>(
      toStatus,
      async ({ installationId, window }, call) => {
        const id = parseInstallationId(installationId);
        // What one household does is told to nobody but itself.
        demandOwnId(principalOf(call, judge), id);
        return toResponse(await efficiency.standing(id, toWindow(window)));
      },
    ),
  };
}

function toResponse({ window, ranks, badges, releasedAtMs }: Standing): GetStandingResponse {
  return {
    window,
    ranks: ranks.map((rank) => ({ ...rank })),
    badges: badges.map(({ id, title, text }) => ({
      id,
      title: title.en,
      titleDe: title.de,
      text: text.en,
      textDe: text.de,
    })),
    releasedAtMs: BigInt(releasedAtMs),
  };
}

const WINDOWS: readonly PerformanceWindow[] = ["24h", "7d", "30d", "365d"];

function toWindow(text: string): PerformanceWindow {
  if (text === "") return "30d";
  const window = WINDOWS.find((one) => one === text);
  if (window !== undefined) return window;
  const what = `window ${JSON.stringify(text.slice(0, 16))} is none of ${WINDOWS.join(", ")}`;
  throw new HeatpoolError("INVALID_ARGUMENT", what);
}
