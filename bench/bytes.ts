/**
 * Bytes per reading of the batch message, against the JSON that the earlier client sent, gzipped;
 * and readings per CPU-second of the codecs, beside JSON.
 *
 * Every batch that is counted goes the whole way: snapshots, sealed, serialised, parsed, decoded,
 * and each cell and millisecond compared with the data set. Times keep their exact milliseconds.
 * Byte figures do not vary from round to round: each is counted once, over all houses together.
 */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { decodeBlock, encodeBlock } from "#core/batch/block.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns, isPresent, readTimes } from "#core/batch/columns.js";
import { digestCheck } from "#core/batch/digest.js";
import { CODECS } from "#core/batch/limits.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { listChannelLanes, readValue } from "#core/batch/value-lanes.js";
import { fromWireBatch, toWireBatch } from "#core/batch/wire-batch.js";
import { Batch } from "#proto/heatpool/telemetry/v1/telemetry.js";
import { type Dataset, generate, impair, REFERENCE_HOUSES, slice, toLegacyJson } from "./gen.mjs";
import { type BenchOptions, measure, skipCase } from "./harness.js";
import {
  countReadings,
  DEVICE_ID,
  readNibe,
  STEP_MS,
  toSnapshots,
  toTable,
  valueAt,
} from "./reference-data.js";

const DAYS = 7;
const DAYS_SHORT = 1;

/** A batch of five minutes, an hour, a day. */
const SPANS = [
  { name: "5 min", rows: 5 },
  { name: "1 h", rows: 60 },
  { name: "24 h", rows: 1_440 },
] as const;

/** Names the fields that a batch message would otherwise spend bytes on. */
const PLACE = { device: 0, epoch: 0, backlog: false };

/** See `Bench` in the harness. */
export async function run(options: BenchOptions): Promise<void> {
  const days = options.short ? DAYS_SHORT : DAYS;
  const houses = REFERENCE_HOUSES.map((house) => generate({ ...house, days }));
  await compareBytes("reference", houses, options);
  const nibe = readNibe();
  if (nibe === undefined) skipCase("bytes", "nibe", "shared/ml/heatpump-nibe-f730 is not here");
  else await compareBytes("nibe", [nibe], options);
  const impaired = houses.map((house, k) => impair(house, { seed: k + 1 }));
  await compareBytes("impaired", impaired, options);
  const [first] = houses;
  if (first !== undefined) await compareSpeed(first, options);
}

async function compareBytes(
  name: string,
  houses: readonly Dataset[],
  options: BenchOptions,
): Promise<void> {
  for (const span of SPANS) {
    const parts = houses.flatMap((house) => cut(house, span.rows));
    const readings = parts.reduce((sum, part) => sum + countReadings(part), 0);
    const legacy = parts.reduce((sum, part) => sum + gzipSync(toLegacyJson(part)).length, 0);
    for (const codec of CODECS) {
      const bytes = countBatchBytes(parts, codec.number);
      const baseline = { name: "JSON + gzip", round: () => legacy / readings };
      await measure(
        {
          bench: "bytes",
          case: `${name}, ${span.name}, codec ${codec.number}`,
          unit: "bytes/reading",
          better: "less",
          baseline,
          ours: () => bytes / readings,
        },
        options,
      );
    }
  }
}

/** Parts of `rows` rows; what is left at the end is left out. */
function cut(data: Dataset, rows: number): Dataset[] {
  return Array.from({ length: Math.floor(data.n / rows) }, (_, k) =>
    slice(data, k * rows, (k + 1) * rows),
  );
}

/** Bytes of the serialised messages, each proved to hold its part. */
function countBatchBytes(parts: readonly Dataset[], codec: number): number {
  const [first] = parts;
  assert.ok(first !== undefined, "a data set shorter than a batch");
  const table = toTable(first.channels);
  const columns = createColumns(table);
  let bytes = 0;
  for (const [k, part] of parts.entries()) {
    const place = { ...PLACE, sequence: k + 1, defaultCodec: codec };
    const message = Batch.encode(toWireBatch(seal(part, table, codec), place)).finish();
    assertSame(message, part, { table, columns, codec });
    bytes += message.length;
  }
  return bytes;
}

function seal(part: Dataset, table: ChannelTable, codec: number): SealedBatch {
  const stream = { deviceId: DEVICE_ID, table, stepMs: STEP_MS };
  const [sealed, ...more] = sealSnapshots(toSnapshots(part), stream, codec);
  assert.ok(sealed !== undefined && more.length === 0, "a part is one batch");
  return sealed;
}

/** Reads the message as the backend does and compares every cell and millisecond. */
function assertSame(
  message: Uint8Array,
  part: Dataset,
  as: { table: ChannelTable; columns: Columns; codec: number },
): void {
  const { table, columns, codec } = as;
  const facts = fromWireBatch(Batch.decode(message), codec);
  const { digest } = decodeBlock({ ...facts, stepMs: STEP_MS }, table, columns);
  assert.equal(digestCheck(digest), facts.check);
  assert.equal(columns.rows, part.n);
  const times = new Float64Array(part.n);
  readTimes(columns, times);
  assert.deepEqual(times, part.timesMs.slice());
  for (const [c, lanes] of listChannelLanes(columns, table).entries()) {
    const channel = table.channels[c];
    assert.ok(channel !== undefined);
    for (let row = 0; row < part.n; row++) {
      const came = isPresent(columns, c, row) ? readValue(lanes, row, channel) : undefined;
      const was = valueAt(part, c, row);
      if (!Object.is(came, was)) throw new Error(`${channel.metric}, row ${row}: ${was}, ${came}`);
    }
  }
}

/** M readings per CPU-second, encoding and decoding, one house. */
async function compareSpeed(house: Dataset, options: BenchOptions): Promise<void> {
  const table = toTable(house.channels);
  for (const span of SPANS) {
    const parts = cut(house, span.rows);
    const readings = parts.reduce((sum, part) => sum + countReadings(part), 0);
    const rate =
      <T>(items: readonly T[], work: (item: T) => unknown) =>
      () =>
        millionsPerCpuSecond(readings, items, work);
    const texts = parts.map(toLegacyJson);
    for (const { number: codec } of CODECS) {
      const sealed = parts.map((part) => seal(part, table, codec));
      const filled = sealed.map((one) => {
        const columns = createColumns(table, one.rows);
        decodeBlock(one, table, columns);
        return columns;
      });
      const into = createColumns(table);
      const common = { bench: "bytes", unit: "M readings/CPU-s", better: "more" as const };
      await measure(
        {
          ...common,
          case: `encode, ${span.name}, codec ${codec}`,
          baseline: {
            name: "JSON + gzip",
            round: rate(parts, (part) => gzipSync(toLegacyJson(part))),
          },
          ours: rate(filled, (one) => encodeBlock(one, table, codec)),
        },
        options,
      );
      await measure(
        {
          ...common,
          case: `decode, ${span.name}, codec ${codec}`,
          baseline: {
            name: "JSON.parse",
            round: rate(texts, (text) => JSON.parse(text)),
          },
          ours: rate(sealed, (one) => decodeBlock(one, table, into)),
        },
        options,
      );
    }
  }
}

/** A round shorter than this would measure the clock. */
const ROUND_CPU_SECONDS = 0.2;

/** @param readings of all items together */
function millionsPerCpuSecond<T>(
  readings: number,
  items: readonly T[],
  work: (item: T) => unknown,
): number {
  const start = process.cpuUsage();
  let times = 0;
  let seconds = 0;
  do {
    for (const item of items) work(item);
    times++;
    const { user, system } = process.cpuUsage(start);
    seconds = (user + system) / 1e6;
  } while (seconds < ROUND_CPU_SECONDS);
  return (readings * times) / seconds / 1e6;
}
