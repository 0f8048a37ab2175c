/**
 * Taking numbers back on one stream: the backend is asked what a number stands for, and only its
 * answer lets the backlog number the rows anew, or keep them aside. So a batch is never sent in two
 * forms, whatever breaks in between; a question without an answer is asked on the next stream.
 */
import * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Backlog, BatchNumber, Retraction, RetractionResult } from "../backlog/backlog.js";
import type { Log } from "../host/log.js";
import type { Declaration } from "./wire.js";

/** What a question becomes. */
export interface Answered extends BatchNumber {
  readonly result: RetractionResult;
}

/** Questions and answers of one stream. */
export interface TakeBack {
  /** The next question; `undefined`: none is due. */
  next(): wire.DeliverRequest | undefined;
  /** Whether an answer of this epoch is awaited. */
  awaits(epochId: string): boolean;
  /** Hands an answer to the backlog. `undefined`: to nothing that was asked. */
  take(answer: wire.Voided): Promise<Answered | undefined>;
}

const RESULTS: Partial<Record<wire.VoidResult, RetractionResult>> = {
  [wire.VoidResult.VOID_RESULT_VOIDED]: "voided",
  [wire.VoidResult.VOID_RESULT_STORED]: "stored",
  [wire.VoidResult.VOID_RESULT_FORKED]: "forked",
};

export function createTakeBack(
  { backlog, log }: { backlog: Backlog; log: Log },
  { epochs }: Declaration,
): TakeBack {
  const asked = new Set<string>();
  const indexOf = (epochId: string) => epochs.findIndex((one) => one.epochId === epochId);
  return {
    next() {
      const due = backlog
        .retractions()
        .find((one) => indexOf(one.epochId) >= 0 && !asked.has(nameOf(one)));
      if (due === undefined) return undefined;
      asked.add(nameOf(due));
      return toVoid(due, indexOf(due.epochId));
    },
    awaits: (epochId) => backlog.retractions().some((one) => one.epochId === epochId),
    async take(answer) {
      const epochId = epochs[answer.epoch]?.epochId ?? "";
      const of = { epochId, sequence: Number(answer.sequence) };
      const result = RESULTS[answer.result];
      if (result === undefined || !asked.delete(nameOf(of))) return undefined;
      const retraction = backlog.retractions().find((one) => nameOf(one) === nameOf(of));
      await backlog.settleRetraction(of, result);
      const { sequence } = of;
      log(result === "forked" ? "error" : "warn", "uplink.taken-back", {
        epoch: answer.epoch,
        sequence,
        result,
        fate: retraction?.fate,
        why: retraction?.detail,
      });
      return { ...of, result };
    },
  };
}

function toVoid({ sequence, check }: Retraction, epoch: number): wire.DeliverRequest {
  return { body: { $case: "void", value: { epoch, sequence: BigInt(sequence), check } } };
}

function nameOf({ epochId, sequence }: BatchNumber): string {
  return `${epochId}/${sequence}`;
}
