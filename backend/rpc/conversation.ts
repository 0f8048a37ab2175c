/**
 * The conversation after the hello: batches, tables, losses and pings are answered until one of
 * both has had enough; then what is in hand is decided.
 *
 * Memory is bounded by the window, whatever the daemon sends and however slowly it reads.
 */
import { PRIOR_IDS } from "#core/batch/priors/released.js";
import { fromWireTable } from "#core/batch/wire-batch.js";
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Delivery } from "../ingest/ingest.js";
import type { Decisions } from "./decisions.js";
import type { Greeting } from "./greeting.js";
import type { Outbox } from "./outbox.js";
import type { TelemetryParts } from "./stream.js";
import { toIncomingBatch, toLosses, toRetractedBatch, toVoided } from "./telemetry-wire.js";

/** Answers one message. @throws what ends the stream */
export async function answer(
  parts: TelemetryParts,
  outbox: Outbox,
  decisions: Decisions,
  greeting: Greeting,
  { body }: wire.DeliverRequest,
): Promise<void> {
  switch (body?.$case) {
    case "batch":
      await decisions.offer(toIncomingBatch(body.value, greeting));
      return;
    case "table":
      await learn(parts, greeting, decisions.delivery, body.value);
      return;
    case "loss": {
      // A report voids numbers; what came before it is decided first.
      await decisions.settle();
      const losses = toLosses(body.value, greeting);
      const ackedThrough = await decisions.insist((delivery) => delivery.takeLosses(losses));
      const value = { ackedThrough: BigInt(ackedThrough) };
      outbox.send({ body: { $case: "lossAck", value } });
      return;
    }
    case "void": {
      // What was sent under this number before is decided first.
      await decisions.settle();
      const { epoch, sequence } = body.value;
      const batch = toRetractedBatch(body.value, greeting);
      const result = await decisions.insist((delivery) => delivery.takeBack(batch));
      outbox.sendAfterAcks(toVoided({ epoch, sequence, result }));
      return;
    }
    case "ping": {
      const value = { nonce: body.value.nonce, serverTimeMs: BigInt(parts.clock.nowMs()) };
      outbox.send({ body: { $case: "pong", value } });
      return;
    }
    default:
      throw new HeatpoolError("PROTOCOL", `unexpected ${body?.$case ?? "empty message"}`);
  }
}

/** A table that cannot be learnt dooms its own batches, which are refused one by one, no others. */
async function learn(
  parts: TelemetryParts,
  { introduction }: Greeting,
  delivery: Delivery,
  table: wire.ChannelTable,
): Promise<void> {
  try {
    await delivery.learnTable(fromWireTable(table));
  } catch (error) {
    if (!(error instanceof HeatpoolError) || error.code !== "INVALID_ARGUMENT") throw error;
    const facts = { reason: error.message };
    parts.onEvent("rpc.table-refused", introduction.installationId, facts);
  }
}

/** The first answer. */
export function toWelcome(
  { clock, rules }: TelemetryParts,
  delivery: Delivery,
): wire.DeliverResponse {
  const value: wire.Welcome = {
    serverTimeMs: BigInt(clock.nowMs()),
    limits: rules,
    ackedThrough: delivery.ackedThrough.map(BigInt),
    codecs: [...rules.codecs],
    unknownTables: delivery.unknownTables.map((id) => Buffer.from(id)),
    lossAckedThrough: BigInt(delivery.lossAckedThrough),
    priors: [...PRIOR_IDS],
    keepsState: true,
    answersVoid: true,
  };
  return { body: { $case: "welcome", value } };
}
