/** The uplink with the identity shown there; a renewed certificate opens a new connection. */
import type { ConsentRecord } from "#core/enrolment/consent-record.js";
import type { Backlog } from "../backlog/backlog.js";
import type { DeviceIdentity } from "../enrolment/device-identity.js";
import type { IdentityKeeper } from "../enrolment/identity-keeper.js";
import { readBootId } from "../host/system-clock.js";
import type { ModelLink } from "../model/model-link.js";
import type { UplinkState } from "../uplink/uplink.js";
import { toOwnEndpoint } from "./backend-ways.js";
import type { DaemonParts } from "./parts.js";
import type { StateFiles } from "./state-files.js";

/** Who delivers. */
export interface Self {
  readonly installationId: string;
  /** Left out: the backend wants no certificate. */
  readonly kept: { readonly identity: DeviceIdentity; readonly keeper: IdentityKeeper } | undefined;
}

/** The uplink, loaded only when there is something to deliver: gRPC takes megabytes. */
export function createDelivery(
  { config, clock, chance, log, version }: DaemonParts,
  { uplinkLimits }: StateFiles,
  { installationId, kept }: Self,
  told: {
    readonly onState: (state: UplinkState) => void;
    /** The backend may be called from here on. */
    readonly onReady: () => void;
    readonly onModels: (link: ModelLink) => void;
  },
) {
  return async (
    backlog: Backlog,
    record: ConsentRecord,
    stop: AbortSignal,
    withdrawn: AbortSignal,
  ): Promise<void> => {
    if (config.backend === undefined) return;
    const [{ runUplink }, { createGrpcTransport }] = await Promise.all([
      import("../uplink/uplink.js"),
      import("../uplink/grpc-transport.js"),
    ]);
    const { backend } = config;
    const { profile, intervalSeconds } = config.uplink;
    const over = AbortSignal.any([stop, withdrawn]);
    const deliverUntil = (end: AbortSignal) =>
      runUplink(
        {
          backlog,
          transport: createGrpcTransport(
            toOwnEndpoint(backend, kept?.identity),
            profile === "live",
          ),
          clock,
          chance,
          introduction: {
            installationId,
            bootId: readBootId(),
            daemonVersion: version,
            consentVersion: record.version,
            consentScopes: record.scopes,
          },
          profile,
          intervalSeconds,
          limitStore: uplinkLimits,
          log,
          withdrawn,
          onServerTime: (serverTimeMs, roundTripMs) => clock.learn(serverTimeMs, roundTripMs),
          onIdentityDoubt: (why) => kept?.keeper.doubt(why),
          onState: told.onState,
          onModels: told.onModels,
        },
        end,
      );
    if (kept === undefined) {
      told.onReady();
      return deliverUntil(stop);
    }
    // A new certificate is shown by a new connection.
    while (!over.aborted && (await kept.keeper.ready(record, over))) {
      told.onReady();
      const again = new AbortController();
      const done = new AbortController();
      const renewing = kept.keeper
        .renewed(AbortSignal.any([over, done.signal]))
        .finally(() => again.abort());
      await deliverUntil(AbortSignal.any([stop, again.signal])).finally(() => done.abort());
      await renewing;
    }
  };
}
