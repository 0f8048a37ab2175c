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
import { NO_PRIOR, type PriorId } from "./prior.js";
import type { SealedBatch } from "./sealed-batch.js";
import { malformed } from "./varint.js";

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
  /** Priors of the hello. */
  readonly priors?: readonly PriorId[];
}

/** How a block continues the one before it. */
export interface WireLink {
  readonly continues: boolean;
  /** Whether its first row is due right after the last one, so that its slot need not be said. */
  readonly followsOn: boolean;
}

const ALONE: WireLink = { continues: false, followsOn: false };

/** A batch as it came. */
export interface WireFacts {
  readonly device: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly backlog: boolean;
  readonly rows: number;
  /** `undefined`: right after the block that it continues. */
  readonly slot: number | undefined;
  readonly codec: number;
  /** What a self-contained block of codec 2 starts from. */
  readonly prior: PriorId;
  readonly continues: boolean;
  readonly plainBytes: number;
  /** First four bytes of the digest, little-endian. */
  readonly check: number;
  readonly block: Uint8Array;
}

/** A batch as a message; the block is not copied. */
export function toWireBatch(sealed: SealedBatch, place: WirePlace, link = ALONE): Batch {
  const prior = link.continues ? 0 : (place.priors ?? []).indexOf(sealed.prior ?? NO_PRIOR);
  return {
    device: place.device,
    epoch: place.epoch,
    sequence: BigInt(place.sequence),
    rows: sealed.rows,
    slot: link.continues && link.followsOn ? undefined : BigInt(sealed.slot),
    codec: sealed.codec === place.defaultCodec ? undefined : sealed.codec,
    plainBytes: sealed.codec === 1 ? sealed.plainBytes : 0,
    check: digestCheck(sealed.digest),
    continues: link.continues,
    backlog: place.backlog,
    block: toBuffer(sealed.block),
    prior: sealed.codec === 2 ? Math.max(0, prior) : 0,
  };
}

/**
 * What a message claims.
 *
 * @param hello codecs and priors as the stream began with them
 * @throws HeatpoolError `BATCH_MALFORMED` a number too large, a prior that was not declared, or no
 *   slot although nothing is continued
 */
export function fromWireBatch(
  batch: Batch,
  hello: { readonly codec: number; readonly priors?: readonly PriorId[] },
): WireFacts {
  const codec = batch.codec ?? hello.codec;
  const { continues } = batch;
  if (batch.slot === undefined && !continues) throw malformed("batch without a slot");
  if (continues && codec !== 2) throw malformed(`a block of codec ${codec} continues another`);
  return {
    device: batch.device,
    epoch: batch.epoch,
    sequence: toNumber(batch.sequence, "sequence"),
    backlog: batch.backlog,
    rows: batch.rows,
    slot: batch.slot === undefined ? undefined : toNumber(batch.slot, "slot"),
    codec,
    prior: codec === 2 && !continues ? findDeclared(hello.priors ?? [], batch.prior) : NO_PRIOR,
    continues,
    plainBytes: batch.plainBytes,
    check: batch.check,
    block: fromBuffer(batch.block),
  };
}

function findDeclared(priors: readonly PriorId[], index: number): PriorId {
  const prior = priors.length === 0 && index === 0 ? NO_PRIOR : priors[index];
  if (prior === undefined) throw malformed(`prior ${index} was not declared`);
  return prior;
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
