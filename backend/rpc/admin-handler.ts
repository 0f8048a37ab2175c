/** The admin service: what the operator may ask, on the wire. Never on a public listener. */
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/admin/v1/admin.js";
import type { AdminServiceServer } from "#proto/heatpool/admin/v1/admin_service.js";
import type { Behind, IdentityDoor, ListedRecord } from "./door.js";
import { NO_IDENTITY, toExported, toInstallation } from "./export-wire.js";
import { guardServerStream, guardUnary } from "./guard.js";
import { parseInstallationId } from "./installation-id.js";
import { createOperationHandler } from "./operation-handler.js";
import { toState } from "./operation-wire.js";
import { type ToStatus, withHints } from "./status.js";
import { createTrainingHandler } from "./training-handler.js";

/** What the door itself knows. */
export interface DoorFacts {
  readonly version: string;
  openStreams(): number;
  /** Whether the store takes writes. */
  isWell(): boolean;
  /** Ends the stream of an installation; resolves when it has left. */
  expel(installationId: string, error: HeatpoolError): Promise<void>;
}

const PAGE_SIZE = 100;
/** Of the wire contract. */
const PAGE_SIZE_MAX = 1_000;

export function createAdminHandler(
  behind: Pick<
    Behind,
    "totals" | "installations" | "community" | "erase" | "export" | "operation" | "training"
  >,
  facts: DoorFacts,
  toOutside: ToStatus,
  identities?: Pick<IdentityDoor, "list" | "revoke" | "findByRecoveryCode">,
): AdminServiceServer {
  const list = (after: string, limit: number): readonly ListedRecord[] => {
    const known = behind.installations(after, limit);
    return (
      identities?.list(after, limit, known) ?? known.map((one) => ({ ...NO_IDENTITY, ...one }))
    );
  };
  const { operation } = behind;
  const toStatus = withHints(toOutside);
  return {
    ...createOperationHandler(operation, toStatus),
    ...createTrainingHandler(behind.training, toStatus),
    getStatus: guardUnary<wire.GetStatusRequest, wire.GetStatusResponse>(toStatus, async () => {
      const totals = await behind.totals();
      const state = toState(await operation.state(), operation.jobs(), facts.isWell());
      return {
        ...totals,
        ...state,
        version: facts.version,
        openStreams: facts.openStreams(),
        startedAtMs: BigInt(totals.startedAtMs),
        batchesStored: BigInt(totals.batchesStored),
        snapshotsStored: BigInt(totals.snapshotsStored),
        readingsStored: BigInt(totals.readingsStored),
        snapshotsDuplicate: BigInt(totals.snapshotsDuplicate),
        snapshotsRejected: BigInt(totals.snapshotsRejected),
        snapshotsReportedLost: BigInt(totals.snapshotsReportedLost),
        storeBytes: BigInt(totals.storeBytes),
        statisticsReleasedAtMs: BigInt(totals.statisticsReleasedAtMs),
        retentionRanAtMs: BigInt(totals.retentionRanAtMs),
        retentionBatchesRemoved: BigInt(totals.retentionBatchesRemoved),
        warnings: [...totals.warnings],
      };
    }),
    listInstallations: guardUnary<wire.ListInstallationsRequest, wire.ListInstallationsResponse>(
      toStatus,
      async ({ pageSize, pageToken }) => {
        if (pageSize > PAGE_SIZE_MAX) {
          const what = `page_size ${pageSize}, at most ${PAGE_SIZE_MAX}`;
          throw new HeatpoolError("INVALID_ARGUMENT", what);
        }
        const limit = pageSize === 0 ? PAGE_SIZE : pageSize;
        const after = pageToken === "" ? "" : parseInstallationId(pageToken);
        // One more than asked for tells whether there is a next page.
        const found = list(after, limit + 1);
        const page = found.slice(0, limit);
        return {
          installations: page.map(toInstallation),
          nextPageToken: found.length > limit ? (page.at(-1)?.installationId ?? "") : "",
        };
      },
    ),
    releaseStatistics: guardUnary<wire.ReleaseStatisticsRequest, wire.ReleaseStatisticsResponse>(
      toStatus,
      async () => {
        const released = await behind.community.release();
        return { ...released, releasedAtMs: BigInt(released.releasedAtMs) };
      },
    ),
    eraseInstallation: guardUnary<wire.EraseInstallationRequest, wire.EraseInstallationResponse>(
      toStatus,
      async (request) => {
        const id = findWanted(request, identities);
        const receipt = await behind.erase(id, () => {
          return facts.expel(
            id,
            new HeatpoolError("PERMISSION_DENIED", "this installation is erased"),
          );
        });
        return {
          installationId: receipt.installationId,
          erasedAtMs: BigInt(receipt.erasedAtMs),
          batches: BigInt(receipt.batches),
          refusedBatches: BigInt(receipt.refusedBatches),
          losses: BigInt(receipt.losses),
        };
      },
    ),
    revokeInstallation: guardUnary<wire.RevokeInstallationRequest, wire.RevokeInstallationResponse>(
      toStatus,
      async (request) => {
        const installationId = parseInstallationId(request.installationId);
        if (identities === undefined) {
          throw new HeatpoolError("NOT_FOUND", "nobody is enrolled at this backend");
        }
        const revokedAtMs = BigInt(await identities.revoke(installationId));
        await facts.expel(
          installationId,
          new HeatpoolError("UNAUTHENTICATED", "the certificate was taken back"),
        );
        return { installationId, revokedAtMs };
      },
    ),
    exportInstallation: guardServerStream<
      wire.ExportInstallationRequest,
      wire.ExportInstallationResponse
    >(toStatus, async function* parts({ installationId }) {
      const id = parseInstallationId(installationId);
      for await (const part of behind.export(id)) yield toExported(part);
    }),
  };
}

/** Named by its id, or by the recovery code of an owner who has nothing else left. */
function findWanted(
  { installationId, recoveryCode }: wire.EraseInstallationRequest,
  identities: Pick<IdentityDoor, "findByRecoveryCode"> | undefined,
): string {
  if (recoveryCode === "") return parseInstallationId(installationId);
  const found = identities?.findByRecoveryCode(recoveryCode);
  if (
    found === undefined ||
    (installationId !== "" && found !== parseInstallationId(installationId))
  ) {
    throw new HeatpoolError("NOT_FOUND", "no installation has this recovery code");
  }
  return found;
}
