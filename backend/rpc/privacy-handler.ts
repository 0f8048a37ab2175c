/**
 * The privacy service on the wire: owners ask about their own installation, and about no other. A
 * receipt is signed when it is said, so that it can be said again.
 */
import { encodeReceipt } from "#core/enrolment/erasure-receipt.js";
import { erasureStatement } from "#core/enrolment/statement.js";
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/privacy/v1/privacy.js";
import type { PrivacyServiceServer } from "#proto/heatpool/privacy/v1/privacy_service.js";
import type { IdentityJudge, Principal } from "../enrolment/judge-identity.js";
import { demandOwnId } from "./authentication.js";
import type { Behind, IdentityDoor } from "./door.js";
import { guardServerStream, guardUnary } from "./guard.js";
import { fromUuidBytes } from "./installation-id.js";
import { certificateOf } from "./session.js";
import type { ToStatus } from "./status.js";

/** Of the wire contract. */
const PIECE_BYTES_MAX = 64 * 1024;

/** What owners' questions are answered with. */
export interface PrivacyParts {
  readonly behind: Pick<Behind, "erase" | "exportLines">;
  readonly judge: IdentityJudge;
  readonly identities: Pick<IdentityDoor, "renewRecoveryCode" | "signReceipt">;
  /** Ends the streams of an installation. */
  expel(installationId: string, error: HeatpoolError): Promise<void>;
}

export function createPrivacyHandler(
  { behind, judge, identities, expel }: PrivacyParts,
  toStatus: ToStatus,
): PrivacyServiceServer {
  return {
    export: guardServerStream<wire.ExportRequest, wire.ExportResponse>(
      toStatus,
      async function* pieces({ installationId }, call) {
        const id = ownId(judge.judge(certificateOf(call)), installationId);
        for await (const piece of cut(behind.exportLines(id))) yield { piece };
      },
    ),
    erase: guardUnary<wire.EraseRequest, wire.EraseResponse>(
      toStatus,
      async ({ installationId }, call) => {
        const id = ownId(judge.judgeLeaving(certificateOf(call)), installationId);
        const gone = new HeatpoolError("PERMISSION_DENIED", "this installation is erased");
        const removed = await behind.erase(id, () => expel(id, gone));
        const receipt = encodeReceipt({
          batches: removed.batches,
          erased_at: new Date(removed.erasedAtMs).toISOString(),
          installation_id: id,
          losses: removed.losses,
          refused_batches: removed.refusedBatches,
        });
        const { signature, signer } = identities.signReceipt(erasureStatement(receipt));
        return { receipt, signature, signer: Buffer.from(signer) };
      },
    ),
    renewRecoveryCode: guardUnary<wire.RenewRecoveryCodeRequest, wire.RenewRecoveryCodeResponse>(
      toStatus,
      async ({ installationId }, call) => {
        const id = ownId(judge.judge(certificateOf(call)), installationId);
        return { recoveryCode: await identities.renewRecoveryCode(id) };
      },
    ),
  };
}

/** @throws HeatpoolError `PERMISSION_DENIED` the message names another than the connection */
function ownId(principal: Principal, named: Uint8Array): string {
  const id = fromUuidBytes("installation_id", named);
  demandOwnId(principal, id);
  return id;
}

/** Lines as pieces of bounded size, each as full as it can be. */
async function* cut(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const line of lines) {
    const more = Buffer.from(`${line}\n`, "utf8");
    waiting.push(more);
    bytes += more.length;
    if (bytes < PIECE_BYTES_MAX) continue;
    const whole = Buffer.concat(waiting);
    const end = bytes - (bytes % PIECE_BYTES_MAX);
    for (let at = 0; at < end; at += PIECE_BYTES_MAX) {
      yield whole.subarray(at, at + PIECE_BYTES_MAX);
    }
    waiting = [whole.subarray(end)];
    bytes -= end;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
