/**
 * Installations as a backend sees them: each sends its numbered batches over a stream of its own,
 * keeps what has no ack, and comes back when the stream ends. What it sends is told by its number,
 * so that what is found later can be compared with what was acknowledged.
 */

import { setTimeout as pause } from "node:timers/promises";
import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { encodeBlock } from "#core/batch/block.js";
import { createColumns } from "#core/batch/columns.js";
import { NO_PRIOR } from "#core/batch/prior.js";
import { toWireBatch, toWireTable } from "#core/batch/wire-batch.js";
import { parseUuid } from "#core/uuid.js";
import { DeliverRequest, DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import { TelemetryServiceService } from "#proto/heatpool/telemetry/v1/telemetry_service.js";
import { EPOCH, MODEL, STEP_MS, TABLE } from "../test/support/pool-bed.js";

/** Rows, and cells, of every batch. */
export const ROWS = 4;
export const CELLS = ROWS * TABLE.channels.length;
/** Batches without ack on one stream. */
const WINDOW = 3;
const RETURN_MS_MAX = 150;

/** One that sends. */
export interface Sender {
  readonly id: string;
  /** Acknowledged through this number. */
  readonly acked: number;
  /** Rows that were refused: none of these is wrong. */
  readonly rejected: number;
  /** Streams that ended before everything was said. */
  readonly returns: number;
  /** Has it send up to this number. */
  extend(batches: number): void;
  /** Resolves when all of it is acknowledged. */
  done(): Promise<void>;
  stop(): void;
}

/** @param fromMs time of the first row; rows are a minute apart */
export function startSender(options: {
  readonly id: string;
  readonly port: number;
  readonly fromMs: number;
  readonly chance: () => number;
  readonly onAck?: () => void;
}): Sender {
  const { id, port, fromMs, chance, onAck } = options;
  const stopping = new AbortController();
  let wanted = 0;
  let acked = 0;
  let returns = 0;
  let rejected = 0;
  let wake = (): void => undefined;
  const changed = () =>
    new Promise<void>((resolve) => {
      const before = wake;
      wake = () => {
        before();
        resolve();
      };
    });
  const tell = (): void => {
    const woken = wake;
    wake = () => undefined;
    woken();
  };
  /** Resolves when the stream has ended, however it did. */
  const stream = async (): Promise<void> => {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    const call: ClientDuplexStream<Buffer, DeliverResponse> = client.makeBidiStreamRequest(
      TelemetryServiceService.deliver.path,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => DeliverResponse.decode(bytes),
    );
    let sent: number | undefined;
    const send = (): void => {
      if (sent === undefined) return;
      for (; sent < wanted && sent - acked < WINDOW; sent++) {
        call.write(batchMessage(sent + 1, fromMs));
      }
    };
    const end = (): void => {
      call.cancel();
    };
    stopping.signal.addEventListener("abort", end, { once: true });
    call.on("data", ({ body }: DeliverResponse) => {
      if (body?.$case === "welcome") {
        if (body.value.unknownTables.length > 0) call.write(tableMessage());
        acked = Math.max(acked, Number(body.value.ackedThrough[0] ?? 0n));
        sent = Number(body.value.ackedThrough[0] ?? 0n);
        tell();
      }
      if (body?.$case === "ack") {
        rejected += Number(body.value.rejected);
        acked = Math.max(acked, Number(body.value.ackedThrough));
        onAck?.();
        tell();
      }
      if (body?.$case === "goodbye") call.end();
      send();
    });
    const gone = new Promise<void>((resolve) => {
      call.on("error", () => resolve());
      call.on("end", () => resolve());
    });
    call.write(helloMessage(id, acked, wanted));
    let isOver = false;
    void gone.then(() => {
      isOver = true;
      tell();
    });
    while (!isOver) {
      await changed();
      send();
    }
    stopping.signal.removeEventListener("abort", end);
    client.close();
  };
  const living = (async () => {
    while (!stopping.signal.aborted) {
      if (acked >= wanted) {
        await changed();
        continue;
      }
      await stream();
      if (stopping.signal.aborted) break;
      returns++;
      await pause(chance() * RETURN_MS_MAX);
    }
  })();
  return {
    id,
    get acked() {
      return acked;
    },
    get rejected() {
      return rejected;
    },
    get returns() {
      return returns;
    },
    extend(batches) {
      wanted = Math.max(wanted, batches);
      tell();
    },
    async done() {
      while (acked < wanted && !stopping.signal.aborted) await changed();
    },
    stop() {
      stopping.abort();
      tell();
      void living;
    },
  };
}

/** First values of the rows of a batch: what tells it from every other of its installation. */
export function valuesOf(sequence: number): number[] {
  return Array.from({ length: ROWS }, (_, row) => ((sequence * ROWS + row) % 900) - 300);
}

function batchMessage(sequence: number, fromMs: number): Buffer {
  const columns = createColumns(TABLE, ROWS);
  const slot = Math.round(fromMs / STEP_MS) + (sequence - 1) * ROWS;
  Object.assign(columns, { rows: ROWS, slot, stepMs: STEP_MS });
  columns.counts.fill(ROWS);
  for (const [row, value] of valuesOf(sequence).entries()) {
    for (const [c, lane] of columns.lanes.entries()) lane[row] = c === 0 ? value : 200 + c;
  }
  const encoded = encodeBlock(columns, TABLE, 1, NO_PRIOR);
  const facts = { deviceId: "heatpump", tableId: TABLE.id, stepMs: STEP_MS, slot, rows: ROWS };
  const place = {
    device: 0,
    epoch: 0,
    sequence,
    backlog: false,
    defaultCodec: 1,
    priors: [],
  };
  const value = toWireBatch({ ...facts, readings: CELLS, codec: 1, ...encoded }, place);
  return Buffer.from(DeliverRequest.encode({ body: { $case: "batch", value } }).finish());
}

function helloMessage(id: string, acked: number, wanted: number): Buffer {
  const bytes = (text: string) => Buffer.from(parseUuid(text) ?? []);
  const value = {
    protocolRevision: 1,
    installationId: bytes(id),
    daemonVersion: "faults",
    bootId: bytes(id),
    clockSynced: true,
    devices: [
      {
        deviceId: "heatpump",
        profile: MODEL,
        profileVersion: 1,
        heatpumpModel: MODEL,
        tableId: Buffer.from(TABLE.id),
        stepMs: STEP_MS,
        timeToleranceMs: 1_000,
      },
    ],
    epochs: [
      { epochId: bytes(EPOCH), firstUnacked: BigInt(acked + 1), lastSealed: BigInt(wanted) },
    ],
    codecs: [1],
    priors: [],
    responseBytesMax: 65_536,
    consentVersion: 1,
    consentScopes: ["telemetry"],
    lossLedgerLast: 0n,
  };
  return Buffer.from(DeliverRequest.encode({ body: { $case: "hello", value } }).finish());
}

function tableMessage(): Buffer {
  const value = toWireTable(TABLE);
  return Buffer.from(DeliverRequest.encode({ body: { $case: "table", value } }).finish());
}
