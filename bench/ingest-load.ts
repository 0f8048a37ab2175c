/**
 * Load for the ingest bench: deliver streams on connections of their own, batches serialised before
 * the clock starts, a few in flight on each. Every round is sixteen installations that nobody has
 * seen, so nothing is a repeat.
 */
import { randomUUID } from "node:crypto";
import { Client, type ClientDuplexStream, credentials, type ServiceError } from "@grpc/grpc-js";
import { encodeBlock } from "#core/batch/block.js";
import { type Chain, encodeLink, type Link } from "#core/batch/chain.js";
import { type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import { KIND_PRIOR } from "#core/batch/priors/released.js";
import { toWireBatch, toWireTable } from "#core/batch/wire-batch.js";
import { parseUuid } from "#core/uuid.js";
import { DeliverRequest, DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import { TelemetryServiceService } from "#proto/heatpool/telemetry/v1/telemetry_service.js";
import { type Dataset, generate, REFERENCE_HOUSES } from "./gen.mjs";
import { METRIC_OF_CHANNEL } from "./gen-metrics.js";

const STEP_MS = 60_000;
const DEVICE_ID = "heatpump";

/** Streams at once. */
export const CONNECTIONS = 16;

/** Batches of one stream that have no ack yet. */
const IN_FLIGHT = 3;

/** What one stream sends: the same bytes on each connection, under another identity. */
export interface Load {
  readonly table: ChannelTable;
  readonly messages: readonly Buffer[];
  readonly rows: number;
  /** Readings of one stream. */
  readonly readings: number;
}

/**
 * Real-looking houses in the product's vocabulary, recent enough to be admitted.
 *
 * @param isChained whether each block continues the one before it, where the rules allow that
 */
export function makeLoad(rows: number, codec: number, batches: number, isChained = false): Load {
  const [house = { seed: 1 }] = REFERENCE_HOUSES;
  const data = generate({ ...house, days: 7 });
  const table = createChannelTable(
    data.channels.map(({ name, decimals, kind }) => ({
      metric: METRIC_OF_CHANNEL[name] ?? name,
      encoding: kind === "counter" ? "uint" : "int",
      multiplier: 1,
      decimals,
      kind,
    })),
  );
  const lastSlot = Math.floor(Date.now() / STEP_MS) - 1;
  let chain: Chain | undefined;
  const messages = Array.from({ length: batches }, (_, k) => {
    const from = (k * rows) % (data.n - rows);
    const cut = { from, rows, codec, sequence: k + 1, slot: lastSlot - rows };
    const columns = fill(data, table, cut);
    if (!isChained) return serialise(columns, table, cut);
    const link = encodeLink(columns, table, KIND_PRIOR, chain);
    ({ chain } = link);
    return serialise(columns, table, cut, link);
  });
  const readings = batches * rows * data.channels.length;
  return { table, messages, rows: rows * batches, readings };
}

interface Cut {
  readonly from: number;
  readonly rows: number;
  readonly codec: number;
  readonly sequence: number;
  readonly slot: number;
}

function fill(data: Dataset, table: ChannelTable, cut: Cut): Columns {
  const columns = createColumns(table, cut.rows);
  Object.assign(columns, { rows: cut.rows, slot: cut.slot, stepMs: STEP_MS });
  columns.counts.fill(cut.rows);
  for (const [c, lane] of columns.lanes.entries()) {
    lane.set(data.columns[c]?.subarray(cut.from, cut.from + cut.rows) ?? []);
  }
  // The jitter of a real poll loop, as the generator made it.
  for (let row = 0; row < cut.rows; row++) {
    const timeMs = data.timesMs[cut.from + row] ?? 0;
    columns.off[row] = Math.round(timeMs - Math.round(timeMs / STEP_MS) * STEP_MS);
  }
  return columns;
}

function serialise(columns: Columns, table: ChannelTable, cut: Cut, link?: Link): Buffer {
  const encoded = encodeBlock(columns, table, cut.codec, KIND_PRIOR);
  const { slot, rows, codec } = cut;
  const readings = rows * table.channels.length;
  const sealed = { deviceId: DEVICE_ID, tableId: table.id, stepMs: STEP_MS, slot, rows, readings };
  const place = {
    device: 0,
    epoch: 0,
    sequence: cut.sequence,
    backlog: false,
    defaultCodec: codec,
    priors: [KIND_PRIOR],
  };
  const prior = codec === 2 ? { prior: KIND_PRIOR } : {};
  const block = link?.block ?? encoded.block;
  const value = toWireBatch({ ...sealed, ...prior, codec, ...encoded, block }, place, link);
  return Buffer.from(DeliverRequest.encode({ body: { $case: "batch", value } }).finish());
}

/** Delivers a load on all connections. Resolves with the rows that were acknowledged. */
export async function deliver(load: Load, codec: number, to: { port: number; ca: string }) {
  const streams = Array.from({ length: CONNECTIONS }, () => deliverOne(load, codec, to));
  const acked = await Promise.all(streams);
  return acked.reduce((sum, rows) => sum + rows, 0);
}

/** One stream: hello, table if asked, batches as acks come. */
function deliverOne(load: Load, codec: number, to: { port: number; ca: string }): Promise<number> {
  const { client, call } = openStream(to);
  return new Promise((resolve, reject) => {
    let sent = 0;
    let acked = 0;
    let rows = 0;
    const send = () => {
      for (; sent < load.messages.length && sent - acked < IN_FLIGHT; sent++) {
        call.write(load.messages[sent] as Buffer);
      }
    };
    const onMessage = ({ body }: DeliverResponse) => {
      if (body?.$case === "welcome") {
        const { unknownTables } = body.value;
        if (unknownTables.length > 0) call.write(tableMessage(load.table));
        send();
      } else if (body?.$case === "ack") {
        rows += Number(body.value.admitted);
        acked = Number(body.value.ackedThrough);
        if (body.value.rejected > 0n) reject(new Error(JSON.stringify(body.value.outcomes)));
        if (acked === load.messages.length) call.end();
        else send();
      }
    };
    call.on("data", onMessage);
    call.on("error", (fault: ServiceError) => reject(fault));
    call.on("end", () => {
      client.close();
      resolve(rows);
    });
    call.write(helloMessage(load.table, codec));
  });
}

/** A connection of its own with a deliver stream on it. */
function openStream(to: { port: number; ca: string }) {
  const client = new Client(`127.0.0.1:${to.port}`, credentials.createSsl(Buffer.from(to.ca)), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.ssl_target_name_override": "localhost",
  });
  const { path } = TelemetryServiceService.deliver;
  const call: ClientDuplexStream<Buffer, DeliverResponse> = client.makeBidiStreamRequest(
    path,
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => DeliverResponse.decode(bytes),
  );
  return { client, call };
}

/** A stream that was welcomed and says nothing more. Resolves with what ends it. */
export function openIdle(
  table: ChannelTable,
  to: { port: number; ca: string },
): Promise<() => void> {
  const { client, call } = openStream(to);
  return new Promise((resolve, reject) => {
    call.on("error", reject);
    call.once("data", () =>
      resolve(() => {
        call.cancel();
        client.close();
      }),
    );
    call.write(helloMessage(table, 1));
  });
}

function helloMessage(table: ChannelTable, codec: number): Buffer {
  const id = () => Buffer.from(parseUuid(randomUUID()) ?? []);
  const value = {
    protocolRevision: 1,
    installationId: id(),
    daemonVersion: "bench",
    bootId: id(),
    clockSynced: true,
    devices: [
      {
        deviceId: DEVICE_ID,
        profile: "idm/navigator-2.0",
        profileVersion: 1,
        heatpumpModel: "idm/navigator-2.0",
        tableId: Buffer.from(table.id),
        stepMs: STEP_MS,
        timeToleranceMs: 0,
      },
    ],
    epochs: [{ epochId: id(), firstUnacked: 1n, lastSealed: 0n }],
    codecs: [codec],
    priors: [KIND_PRIOR],
    responseBytesMax: 65_536,
    consentVersion: 1,
    consentScopes: ["telemetry"],
    lossLedgerLast: 0n,
  };
  return Buffer.from(DeliverRequest.encode({ body: { $case: "hello", value } }).finish());
}

function tableMessage(table: ChannelTable): Buffer {
  const value = toWireTable(table);
  return Buffer.from(DeliverRequest.encode({ body: { $case: "table", value } }).finish());
}
