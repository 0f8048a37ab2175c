/** The part of the admin service that is about the backend's own doing. */
import { HeatpoolError } from "#core/errors.js";
import type { AdminServiceServer } from "#proto/heatpool/admin/v1/admin_service.js";
import type * as wire from "#proto/heatpool/admin/v1/operation.js";
import type { Operation } from "../operation/operation.js";
import { guardServerStream, guardUnary } from "./guard.js";
import { fromChanges, toJob, toQuotas, toReport, toRun } from "./operation-wire.js";
import type { ToStatus } from "./status.js";

/** Methods that are answered here. */
type Method =
  | "getSchedule"
  | "runJob"
  | "getDataQuality"
  | "getQuotas"
  | "setQuotas"
  | "setLogLevel"
  | "backUp";

export function createOperationHandler(
  operation: Operation,
  toStatus: ToStatus,
): Pick<AdminServiceServer, Method> {
  return {
    getSchedule: guardUnary<wire.GetScheduleRequest, wire.GetScheduleResponse>(
      toStatus,
      async () => ({ jobs: operation.jobs().map(toJob) }),
    ),
    runJob: guardUnary<wire.RunJobRequest, wire.RunJobResponse>(toStatus, async ({ job }) => {
      if (job === "") throw new HeatpoolError("INVALID_ARGUMENT", "no job was named");
      return { run: toRun(await operation.runJob(job)) };
    }),
    getDataQuality: guardUnary<wire.GetDataQualityRequest, wire.GetDataQualityResponse>(
      toStatus,
      async ({ heatpumpModel }) => toReport(await operation.quality(), heatpumpModel),
    ),
    getQuotas: guardUnary<wire.GetQuotasRequest, wire.GetQuotasResponse>(toStatus, async () => ({
      quotas: toQuotas(operation.quotas()),
    })),
    setQuotas: guardUnary<wire.SetQuotasRequest, wire.SetQuotasResponse>(
      toStatus,
      async (request) => ({ quotas: toQuotas(operation.setQuotas(fromChanges(request))) }),
    ),
    setLogLevel: guardUnary<wire.SetLogLevelRequest, wire.SetLogLevelResponse>(
      toStatus,
      async ({ level }) => ({ previousLevel: operation.setLogLevel(level) }),
    ),
    backUp: guardServerStream<wire.BackUpRequest, wire.BackUpResponse>(
      toStatus,
      async function* parts() {
        for await (const bytes of operation.backUp()) yield* toPieces(bytes);
      },
    ),
  };
}

/** Of the wire contract. */
const PIECE_BYTES = 512 * 1024;

function* toPieces(bytes: Uint8Array): Generator<wire.BackUpResponse> {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < whole.length; at += PIECE_BYTES) {
    yield { bytes: whole.subarray(at, at + PIECE_BYTES) };
  }
}
