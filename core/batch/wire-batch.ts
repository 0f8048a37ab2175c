/**
 * Batches and channel tables as the messages of a stream. The wire says only what the stream has
 * not said before; what comes back is what the sender claimed, to be checked by decoding.
 */
import { HeatpoolError } from "#core/errors.js";
import type { Behaviour } from "#core/measurement/metrics.js";
import type {
  Batch,
  Channel as WireChannel,
  ChannelTable as WireTable,
} from "#proto/heatpool/telemetry/v1/telemetry.js";
import {
  CHANNELS_MAX,
  type Channel,
  type ChannelEncoding,
  type ChannelTable,
  createChannelTable,
} from "./channel-table.js";
import { digestCheck, isSameDigest } from "./digest.js";
import { fromBuffer, toBuffer, toNumber } from "./message.js";
import type { SealedBatch } from "./sealed-batch.js";

/** Where a batch stands in its stream. */
export interface WirePlace {
  /** Index into the hello's devices. */
  readonly device: number;
  /** Index into the hello's epochs. */
  readonly epoch: number;
  readonly sequence: number;
  /** Whether it waited longer than an upload interval. */
  readonly backlog: boolean;
  /** First codec of the hello; a batch in it does not name its codec. Left out: always named. */
  readonly defaultCodec?: number;
}

/** A batch as it came. */
export interface WireFacts {
  readonly device: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly backlog: boolean;
  readonly rows: number;
  readonly slot: number;
  readonly codec: number;
  readonly plainBytes: number;
  /** First four bytes of the digest, little-endian. */
  readonly check: number;
  readonly block: Uint8Array;
}

/** A batch as a message; the block is not copied. */
export function toWireBatch(sealed: SealedBatch, place: WirePlace): Batch {
  return {
    device: place.device,
    epoch: place.epoch,
    sequence: BigInt(place.sequence),
    rows: sealed.rows,
    slot: BigInt(sealed.slot),
    codec: sealed.codec === place.defaultCodec ? undefined : sealed.codec,
    plainBytes: sealed.codec === 1 ? sealed.plainBytes : 0,
    check: digestCheck(sealed.digest),
    continues: false,
    backlog: place.backlog,
    block: toBuffer(sealed.block),
  };
}

/**
 * What a message claims.
 *
 * @param defaultCodec first codec of the hello
 * @throws HeatpoolError `BATCH_MALFORMED` a number too large, no slot, or a continuing block
 */
export function fromWireBatch(batch: Batch, defaultCodec: number): WireFacts {
  if (batch.slot === undefined || batch.continues) {
    const what = `batch ${batch.sequence} continues another; this end reads self-contained blocks`;
    throw new HeatpoolError("BATCH_MALFORMED", what);
  }
  return {
    device: batch.device,
    epoch: batch.epoch,
    sequence: toNumber(batch.sequence, "sequence"),
    backlog: batch.backlog,
    rows: batch.rows,
    slot: toNumber(batch.slot, "slot"),
    codec: batch.codec ?? defaultCodec,
    plainBytes: batch.plainBytes,
    check: batch.check,
    block: fromBuffer(batch.block),
  };
}

/** A channel table as a message. */
export function toWireTable(table: ChannelTable): WireTable {
  return {
    tableId: toBuffer(table.id),
    channels: table.channels.map((channel) => ({ ...channel })),
  };
}

/** Who may be named: left out, every well-formed name. */
export type MetricFilter = (metric: string) => boolean;

/**
 * A checked channel table.
 *
 * @throws HeatpoolError `INVALID_ARGUMENT` the id is not of these channels, a metric is unknown, or
 *   a channel makes no sense
 */
export function fromWireTable(
  message: WireTable,
  isKnown: MetricFilter = () => true,
): ChannelTable {
  const count = message.channels.length;
  if (count < 1 || count > CHANNELS_MAX) {
    throw wrongTable(`${count} channels, 1 to ${CHANNELS_MAX} are possible`);
  }
  const table = createChannelTable(message.channels.map((one) => readChannel(one, isKnown)));
  if (new Set(table.channels.map((channel) => channel.metric)).size < count) {
    throw wrongTable("a metric stands twice");
  }
  if (!isSameDigest(table.id, message.tableId)) {
    throw wrongTable(`id ${message.tableId.toString("hex")} is not of these channels`);
  }
  return table;
}

const METRIC = /^[a-z][a-z0-9_]{0,63}$/;

/** Greatest multiplier for which q * m is exact for every 32-bit q. */
const MULTIPLIER_MAX = 2 ** 21;
const DECIMALS_MAX = 9;

const ENCODINGS: ReadonlySet<string> = new Set<ChannelEncoding>([
  "int",
  "uint",
  "f32",
  "wide",
  "f64",
]);

const KINDS: ReadonlySet<string> = new Set<Behaviour>([
  "fastTemperature",
  "slowTemperature",
  "setpoint",
  "pressure",
  "percent",
  "speed",
  "power",
  "state",
  "counter",
]);

function readChannel(channel: WireChannel, isKnown: MetricFilter): Channel {
  const { metric, encoding, multiplier, decimals, kind } = channel;
  if (!METRIC.test(metric)) throw wrongTable(`metric ${JSON.stringify(metric)} is no name`);
  if (!isKnown(metric)) throw wrongTable(`metric ${metric} is not in the catalogue`);
  if (!isEncoding(encoding)) throw wrongTable(`${metric}: encoding ${JSON.stringify(encoding)}`);
  if (!isKind(kind)) throw wrongTable(`${metric}: kind ${JSON.stringify(kind)}`);
  if (multiplier < 1 || multiplier > MULTIPLIER_MAX) {
    throw wrongTable(`${metric}: multiplier ${multiplier}`);
  }
  if (decimals > DECIMALS_MAX) throw wrongTable(`${metric}: ${decimals} decimals`);
  return { metric, encoding, multiplier, decimals, kind };
}

function isEncoding(text: string): text is ChannelEncoding {
  return ENCODINGS.has(text);
}

function isKind(text: string): text is Behaviour {
  return KINDS.has(text);
}

function wrongTable(what: string): HeatpoolError {
  return new HeatpoolError("INVALID_ARGUMENT", `channel table: ${what}`);
}
