/**
 * Telemetry on the wire ↔ our vocabulary. What is checked here is form: lengths, counts, numbers
 * that JavaScript holds exactly. What the content is worth is decided behind the door.
 */
import { fromWireBatch } from "#core/batch/wire-batch.js";
import * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type {
  IncomingBatch,
  Rejection,
  ReportedLoss,
  RetractedBatch,
  Retraction,
} from "../ingest/ingest.js";
import type { Greeting } from "./greeting.js";
import { fromUuidBytes } from "./installation-id.js";
import { atMost, invalid, safe, short } from "./wire-form.js";

/** An ack in the making. */
export interface Receipt {
  readonly epoch: number;
  ackedThrough: number;
  admitted: number;
  duplicate: number;
  rejected: number;
  readonly outcomes: {
    sequence: number;
    reason: Rejection;
    snapshots: number;
    detail: string;
  }[];
}

/** Of the wire contract. */
const LOSSES_MAX = 256;
const REASON_MAX = 64;
const DETAIL_MAX = 256;
/**
 * @throws HeatpoolError `INVALID_ARGUMENT` an epoch that the hello did not declare ·
 *   `BATCH_MALFORMED` as `fromWireBatch`
 */
export function toIncomingBatch(batch: wire.Batch, greeting: Greeting): IncomingBatch {
  if (batch.epoch >= greeting.introduction.epochs.length) {
    throw invalid(`epoch ${batch.epoch} was not declared`);
  }
  return fromWireBatch(batch, greeting);
}

/** @throws HeatpoolError `INVALID_ARGUMENT` beyond the contract */
export function toLosses(report: wire.LossReport, greeting: Greeting): ReportedLoss[] {
  atMost("losses", report.losses.length, LOSSES_MAX);
  return report.losses.map((loss) => toLoss(loss, greeting));
}

function toLoss(loss: wire.Loss, { introduction }: Greeting): ReportedLoss {
  const device = introduction.devices[loss.device - 1];
  if (loss.device !== 0 && device === undefined) throw invalid(`device ${loss.device - 1}`);
  const batches =
    loss.epochId.length === 0
      ? undefined
      : {
          epochId: fromUuidBytes("epoch_id", loss.epochId),
          sequenceFrom: safe("sequence_from", loss.sequenceFrom),
          sequenceTo: safe("sequence_to", loss.sequenceTo),
        };
  return {
    number: safe("number", loss.number),
    reason: short("reason", loss.reason, REASON_MAX),
    deviceId: device?.deviceId,
    fromMs: safe("from_ms", loss.fromMs),
    toMs: safe("to_ms", loss.toMs),
    snapshots: safe("snapshots", loss.snapshots),
    batches,
  };
}

/** @throws HeatpoolError `INVALID_ARGUMENT` an epoch that the hello did not declare */
export function toRetractedBatch(
  { epoch, sequence, check }: wire.Void,
  { introduction }: Greeting,
): RetractedBatch {
  if (epoch >= introduction.epochs.length) throw invalid(`epoch ${epoch} was not declared`);
  return { epoch, sequence: safe("sequence", sequence), check };
}

const VOID_RESULTS: Record<Retraction, wire.VoidResult> = {
  voided: wire.VoidResult.VOID_RESULT_VOIDED,
  stored: wire.VoidResult.VOID_RESULT_STORED,
  forked: wire.VoidResult.VOID_RESULT_FORKED,
};

/** What became of a number that was taken back. */
export function toVoided(of: {
  epoch: number;
  sequence: bigint;
  result: Retraction;
}): wire.DeliverResponse {
  const { epoch, sequence } = of;
  const value: wire.Voided = { epoch, sequence, result: VOID_RESULTS[of.result] };
  return { body: { $case: "voided", value } };
}

/** The receipt as a message. */
export function toAck(receipt: Receipt): wire.DeliverResponse {
  const value: wire.Ack = {
    epoch: receipt.epoch,
    ackedThrough: BigInt(receipt.ackedThrough),
    admitted: BigInt(receipt.admitted),
    duplicate: BigInt(receipt.duplicate),
    rejected: BigInt(receipt.rejected),
    outcomes: receipt.outcomes.map(({ sequence, reason, snapshots, detail }) => ({
      sequence: BigInt(sequence),
      reason: wire.RejectReason[`REJECT_REASON_${reason}`],
      snapshots,
      detail: detail.slice(0, DETAIL_MAX),
    })),
  };
  return { body: { $case: "ack", value } };
}

/** A change of the rules: what is named, and nothing else. */
export function toControl(wished: Partial<wire.Control>): wire.DeliverResponse {
  const nothing = {
    pauseMs: 0,
    limits: undefined,
    resetState: false,
    reason: "",
    renewIdentity: false,
  };
  return { body: { $case: "control", value: { ...nothing, ...wished } } };
}
