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
import { type Chain, decodeFirstLink, decodeLink, encodeLink } from "#core/batch/chain.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns, isPresent, readTimes } from "#core/batch/columns.js";
import { digestCheck } from "#core/batch/digest.js";
import { NO_PRIOR, type PriorId } from "#core/batch/prior.js";
import { KIND_PRIOR, priorOfProfile } from "#core/batch/priors/released.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { listChannelLanes, readValue } from "#core/batch/value-lanes.js";
import { fromWireBatch, toWireBatch, type WireFacts } from "#core/batch/wire-batch.js";
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
/** A chain ends at midnight anyway; three days show what that costs. */
const CHAIN_DAYS = 3;

/** A batch of five minutes, an hour, a day. */
const SPANS = [
  { name: "5 min", rows: 5 },
  { name: "1 h", rows: 60 },
  { name: "24 h", rows: 1_440 },
] as const;

/** How a batch is coded. Priors were learnt from other houses than any that is measured here. */
interface Coding {
  readonly name: string;
  readonly codec: number;
  readonly prior: PriorId;
  /** Rows are stamped with their slots, as with a time tolerance of a second. */
  readonly isOnGrid?: boolean;
  readonly isChained?: boolean;
}

const PROFILE_PRIOR = priorOfProfile("idm/navigator-2.0");

const CODINGS: readonly Coding[] = [
  { name: "codec 0", codec: 0, prior: NO_PRIOR },
  { name: "codec 1", codec: 1, prior: NO_PRIOR },
  { name: "codec 2, no prior", codec: 2, prior: NO_PRIOR },
  { name: "codec 2, prior by kind", codec: 2, prior: KIND_PRIOR },
  { name: "codec 2, prior by profile", codec: 2, prior: PROFILE_PRIOR },
  { name: "codec 2, prior by profile, grid time", codec: 2, prior: PROFILE_PRIOR, isOnGrid: true },
  { name: "codec 2, chain, prior by kind", codec: 2, prior: KIND_PRIOR, isChained: true },
  { name: "codec 2, chain, prior by profile", codec: 2, prior: PROFILE_PRIOR, isChained: true },
];

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
    for (const coding of CODINGS) {
      const daysMax = coding.isChained === true ? CHAIN_DAYS : Number.POSITIVE_INFINITY;
      const parts = houses.map((house) => cut(house, span.rows, daysMax));
      const all = parts.flat();
      if (all.length === 0) continue;
      const readings = all.reduce((sum, part) => sum + countReadings(part), 0);
      const legacy = all.reduce((sum, part) => sum + countLegacyBytes(part), 0);
      const bytes = parts.reduce((sum, house) => sum + countBatchBytes(house, coding), 0);
      const baseline = { name: "JSON + gzip", round: () => legacy / readings };
      await measure(
        {
          bench: "bytes",
          case: `${name}, ${span.name}, ${coding.name}`,
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

const legacyBytes = new Map<string, number>();

/** What the earlier client would send; asked for once per coding. */
function countLegacyBytes(part: Dataset): number {
  const key = `${part.timesMs[0]}/${part.n}/${part.columns[0]?.byteOffset}/${part.channels.length}`;
  const known = legacyBytes.get(key) ?? gzipSync(toLegacyJson(part)).length;
  legacyBytes.set(key, known);
  return known;
}

/** Parts of `rows` rows; what is left at the end is left out. */
function cut(data: Dataset, rows: number, daysMax = Number.POSITIVE_INFINITY): Dataset[] {
  const n = Math.min(data.n, daysMax * 1_440);
  return Array.from({ length: Math.floor(n / rows) }, (_, k) =>
    slice(data, k * rows, (k + 1) * rows),
  );
}

/** Bytes of the serialised messages of one house, each proved to hold its part. */
function countBatchBytes(parts: readonly Dataset[], coding: Coding): number {
  const [first] = parts;
  if (first === undefined) return 0;
  const { codec, prior } = coding;
  const table = toTable(first.channels);
  const columns = createColumns(table);
  const hello = { codec, priors: [prior] };
  const readLink = createLinkReader(table, columns);
  let chain: Chain | undefined;
  let bytes = 0;
  for (const [k, exact] of parts.entries()) {
    const part = coding.isOnGrid === true ? stampSlots(exact) : exact;
    const sealed = seal(part, table, coding);
    const place = { device: 0, epoch: 0, backlog: false, sequence: k + 1, defaultCodec: codec };
    let batch = toWireBatch(sealed, { ...place, priors: [prior] });
    if (coding.isChained === true) {
      decodeBlock(sealed, table, columns);
      // Adopted at once: here every batch is acknowledged.
      const link = encodeLink(columns, table, prior, chain);
      ({ chain } = link);
      batch = toWireBatch({ ...sealed, block: link.block }, { ...place, priors: [prior] }, link);
    }
    const message = Batch.encode(batch).finish();
    const facts = fromWireBatch(Batch.decode(message), hello);
    const digest = coding.isChained === true ? readLink(facts) : readAlone(facts, table, columns);
    assert.equal(digestCheck(digest), facts.check);
    assertSame(columns, part, table);
    bytes += message.length;
  }
  return bytes;
}

/** The same rows, each at its slot's time. */
function stampSlots(part: Dataset): Dataset {
  return { ...part, timesMs: part.timesMs.map((ms) => Math.round(ms / STEP_MS) * STEP_MS) };
}

function seal(part: Dataset, table: ChannelTable, { codec, prior }: Coding): SealedBatch {
  const stream = { deviceId: DEVICE_ID, table, stepMs: STEP_MS };
  const [sealed, ...more] = sealSnapshots(toSnapshots(part), stream, codec, { prior });
  assert.ok(sealed !== undefined && more.length === 0, "a part is one batch");
  return sealed;
}

function readAlone(facts: WireFacts, table: ChannelTable, into: Columns): Uint8Array {
  const { slot = 0 } = facts;
  return decodeBlock({ ...facts, slot, stepMs: STEP_MS }, table, into).digest;
}

/** Reads the batches of one stream as the backend does, carrying the state on. */
function createLinkReader(table: ChannelTable, into: Columns): (facts: WireFacts) => Uint8Array {
  let chain: Chain | undefined;
  return (facts) => {
    const claims = { ...facts, slot: facts.slot ?? chain?.nextSlot ?? 0, stepMs: STEP_MS };
    assert.ok(chain !== undefined || !facts.continues, "the first of a chain stands alone");
    const read =
      chain !== undefined && facts.continues
        ? decodeLink(claims, table, into, chain)
        : decodeFirstLink(claims, table, into, chain);
    ({ chain } = read);
    return read.digest;
  };
}

/** Compares every cell and millisecond of what was read. */
function assertSame(columns: Columns, part: Dataset, table: ChannelTable): void {
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
    for (const coding of CODINGS.filter((one) => !one.isOnGrid && !one.isChained)) {
      const { codec, prior, name } = coding;
      const sealed = parts.map((part) => seal(part, table, coding));
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
          case: `encode, ${span.name}, ${name}`,
          baseline: {
            name: "JSON + gzip",
            round: rate(parts, (part) => gzipSync(toLegacyJson(part))),
          },
          ours: rate(filled, (one) => encodeBlock(one, table, codec, prior)),
        },
        options,
      );
      await measure(
        {
          ...common,
          case: `decode, ${span.name}, ${name}`,
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
