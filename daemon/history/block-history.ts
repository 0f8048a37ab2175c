import type { ChannelTable } from "#core/batch/channel-table.js";
import { decodeSealedBatch, encodeChannelTable, encodeSealedBatch } from "#core/batch/records.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { BlockPlan, readState, type StoreState } from "./block-plan.js";
import { BlockReader, demandRecord } from "./block-reader.js";
import {
  BLOCKS_END,
  type BlockStore,
  isBlockKey,
  isStorable,
  isTableKey,
  RECORDS_END,
  readPlace,
  STATE_KEY,
  tableKey,
  timeKey,
} from "./block-store.js";
import { HOUR_MS, hourOf, STAMP_MAX_MS, sealHours, type TimedBlock, toSnapshot } from "./blocks.js";
import { createBuckets } from "./buckets.js";
import { FRESH_ROWS_MAX, FreshRows } from "./fresh-rows.js";
import type {
  Bucket,
  History,
  HistoryRecord,
  HistoryRow,
  HistoryStatus,
  HistoryStream,
  TimeRange,
  Wanted,
} from "./history.js";
import { groupByHour, joinRows } from "./history-rows.js";

/** How the history is kept. */
export interface HistoryOptions {
  readonly streams: readonly HistoryStream[];
  readonly clock: Clock;
  /** What a power cut may cost. */
  readonly commitIntervalMs: number;
  readonly limitBytes: number;
  /** Told once when the disk begins to refuse, and once when it takes again. */
  onTrouble(cause: HeatpoolError | undefined): void;
}

const DAY_MS = 24 * HOUR_MS;
/** Days that one commit may remove; one is usual. */
const EVICTIONS_MAX = 8;
/** Bytes of another history that are written together. */
const ADOPTED_BYTES = 256 * 1024;

/** The history on `store`. @throws HeatpoolError `STORE_DAMAGED` of a later version */
export async function openBlockHistory(
  store: BlockStore,
  options: HistoryOptions,
): Promise<History> {
  return new BlockHistory(store, options, readState(await store.get(STATE_KEY)));
}

class BlockHistory implements History {
  readonly #store: BlockStore;
  readonly #options: HistoryOptions;
  readonly #fresh: ReadonlyMap<string, FreshRows>;
  readonly #reader: BlockReader;
  /** Tables that are certainly on disk; each is written once per run. */
  readonly #storedTables = new Set<string>();
  /** Per device the hour that is not packed yet. */
  readonly #openHours = new Map<string, number>();
  #state: StoreState;
  #turn: Promise<unknown> = Promise.resolve();
  #isTroubled = false;
  #figures = { commits: 0, writtenBytes: 0, lost: 0 };

  constructor(store: BlockStore, options: HistoryOptions, state: StoreState) {
    this.#store = store;
    this.#reader = new BlockReader(store);
    this.#options = options;
    this.#state = state;
    this.#fresh = new Map(
      options.streams.map(({ deviceId, table }) => [deviceId, new FreshRows(table)]),
    );
    for (const { table } of options.streams) this.#reader.know(table);
  }

  record(snapshot: Snapshot): void {
    const rows = this.#fresh.get(snapshot.deviceId);
    if (rows === undefined || !isStorable(snapshot.takenAtMs)) return;
    rows.add(snapshot);
    if (rows.size <= FRESH_ROWS_MAX / this.#fresh.size) return;
    rows.dropOldest();
    this.#figures.lost++;
  }

  status(): HistoryStatus {
    const waiting = [...this.#fresh.values()].reduce((sum, rows) => sum + rows.size, 0);
    const { limitBytes } = this.#options;
    const { damaged } = this.#reader;
    return { bytes: this.#state.bytes, limitBytes, waiting, damaged, ...this.#figures };
  }

  flush(): Promise<void> {
    return this.#inTurn(() => this.#commitFresh(false));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, commitIntervalMs } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(commitIntervalMs, signal);
      if (!signal.aborted) await this.flush();
    }
    await this.#inTurn(() => this.#commitFresh(true));
    await this.#store.close();
  }

  take(deviceId: string, rows: readonly HistoryRow[], table: ChannelTable): Promise<number> {
    return this.#inTurn(async () => {
      const stream = { deviceId, profile: "", table, stepMs: 60_000 };
      const storable = rows.filter(({ atMs }) => isStorable(atMs));
      const sorted = storable.toSorted((a, b) => a.atMs - b.atMs);
      const plan = new BlockPlan(this.#state);
      let taken = 0;
      for (const hour of groupByHour(sorted)) {
        const fresh = await this.#reader.newCells(deviceId, hour);
        const snapshots = fresh.map((row) => toSnapshot(deviceId, row));
        const blocks = sealHours(snapshots, stream);
        taken += blocks.reduce((sum, { sealed }) => sum + sealed.readings, 0);
        this.#putBlocks(blocks, stream, plan);
      }
      if (taken > 0) await this.#write(plan);
      await this.#evict();
      return taken;
    });
  }

  async *records(): AsyncGenerator<HistoryRecord> {
    await this.flush();
    const records = await this.#inTurn(async () => this.#store.between(timeKey(0), RECORDS_END));
    for await (const { key, value } of records) {
      const isWanted = isTableKey(key) || isBlockKey(key);
      // A damaged record would be refused where it is brought to.
      if (isWanted && value !== undefined) yield { key, value };
    }
  }

  adopt(records: AsyncIterable<HistoryRecord>): Promise<number> {
    return this.#inTurn(async () => {
      if (this.#state.next > 1) {
        throw new HeatpoolError("STATE_INVALID", "there is a history here already");
      }
      let plan = new BlockPlan(this.#state);
      let waiting = 0;
      for await (const { key, value } of records) {
        demandRecord(key, value);
        if (isTableKey(key)) plan.put(key, value);
        else plan.putBlock(readPlace(key).fromMs, readPlace(key).deviceId, value);
        waiting += value.length;
        if (waiting < ADOPTED_BYTES) continue;
        await this.#write(plan);
        plan = new BlockPlan(this.#state);
        waiting = 0;
      }
      await this.#write(plan);
      await this.#evict();
      return this.#state.next - 1;
    });
  }

  async *rows({ deviceId, metrics }: Wanted, range: TimeRange): AsyncGenerator<HistoryRow> {
    const wanted = metrics === undefined ? undefined : new Set(metrics);
    // What is committed meanwhile is in the store's answer or among these rows, or in both.
    const { fresh, records } = await this.#inTurn(async () => ({
      fresh: this.#freshRows(deviceId, wanted),
      records: this.#reader.between(range.fromMs - HOUR_MS - STAMP_MAX_MS, range.toMs),
    }));
    const inRange = ({ atMs }: HistoryRow) => atMs >= range.fromMs && atMs < range.toMs;
    let hour: number | undefined;
    let pending: HistoryRow[] = [];
    for await (const { fromMs, rows } of this.#reader.read(records, deviceId, wanted)) {
      const mine = hourOf(fromMs + STAMP_MAX_MS);
      if (hour !== undefined && mine !== hour) {
        const next = fresh.filter(({ atMs }) => hourOf(atMs) < mine);
        fresh.splice(0, fresh.length, ...fresh.filter((row) => !next.includes(row)));
        yield* joinRows([...pending, ...next]).filter(inRange);
        pending = [];
      }
      hour = mine;
      pending.push(...rows);
    }
    yield* joinRows([...pending, ...fresh]).filter(inRange);
  }

  async oldestMs(): Promise<number | undefined> {
    for await (const { key } of this.#store.between(timeKey(0), BLOCKS_END)) {
      return readPlace(key).fromMs;
    }
    const waiting = [...this.#fresh.values()].flatMap((rows) => rows.rows()[0]?.atMs ?? []);
    return waiting.length === 0 ? undefined : Math.min(...waiting);
  }

  async buckets(
    of: Required<Wanted>,
    range: TimeRange,
    count: number,
  ): Promise<ReadonlyMap<string, readonly Bucket[]>> {
    const buckets = createBuckets(of.metrics, range, count);
    for await (const row of this.rows(of, range)) buckets.add(row);
    return buckets.finish();
  }

  #freshRows(deviceId: string, wanted: ReadonlySet<string> | undefined): HistoryRow[] {
    const rows = this.#fresh.get(deviceId)?.rows() ?? [];
    if (wanted === undefined) return [...rows];
    return rows.map(({ atMs, values }) => ({
      atMs,
      values: new Map([...values].filter(([metric]) => wanted.has(metric))),
    }));
  }

  async #commitFresh(isLast: boolean): Promise<void> {
    const { streams, clock } = this.#options;
    const ready = streams.map((stream) => {
      const rows = this.#fresh.get(stream.deviceId);
      const count = rows?.readyCount(clock, isLast) ?? 0;
      return { stream, rows, count, snapshots: rows?.snapshots(stream.deviceId, count) ?? [] };
    });
    if (ready.every(({ count }) => count === 0)) return;
    try {
      const plan = new BlockPlan(this.#state);
      for (const { stream, snapshots } of ready) {
        const storable = snapshots.filter(({ takenAtMs }) => isStorable(takenAtMs));
        this.#putBlocks(sealHours(storable, stream), stream, plan);
        const newest = storable.at(-1);
        if (newest !== undefined) await this.#packFullHour(stream, newest.takenAtMs, plan);
      }
      await this.#write(plan);
      for (const { rows, count } of ready) rows?.forget(count);
      await this.#evict();
      this.#settle(undefined);
    } catch (cause) {
      if (!(cause instanceof HeatpoolError)) throw cause;
      this.#settle(cause);
    }
  }

  #settle(cause: HeatpoolError | undefined): void {
    const isTroubled = cause !== undefined;
    if (isTroubled !== this.#isTroubled) this.#options.onTrouble(cause);
    this.#isTroubled = isTroubled;
  }

  #putBlocks(
    blocks: readonly TimedBlock[],
    { deviceId, table }: HistoryStream,
    plan: BlockPlan,
  ): void {
    this.#reader.know(table);
    const key = tableKey(table.id);
    if (blocks.length > 0 && !this.#storedTables.has(hex(key))) {
      plan.put(key, Buffer.from(encodeChannelTable(table)));
    }
    for (const { fromMs, sealed } of blocks) {
      plan.putBlock(fromMs, deviceId, Buffer.from(encodeSealedBatch(sealed)));
    }
  }

  /** Packs the blocks of the hour before the newest row into one, in the commit that begins an hour. */
  async #packFullHour(stream: HistoryStream, newestMs: number, plan: BlockPlan): Promise<void> {
    const { deviceId, table } = stream;
    const hour = this.#openHours.get(deviceId) ?? (await this.#newestHour(deviceId));
    const now = hourOf(newestMs);
    if (hour !== undefined && now === hour) return;
    this.#openHours.set(deviceId, now);
    if (hour === undefined || now < hour) return;
    const records = this.#reader.between(hour * HOUR_MS - STAMP_MAX_MS, (hour + 1) * HOUR_MS);
    const rows: HistoryRow[] = [];
    const packed: { key: Buffer; bytes: number }[] = [];
    for await (const { key, value } of records) {
      if (readPlace(key).deviceId !== deviceId || value === undefined) continue;
      const sealed = decodeSealedBatch(value);
      // Rows of other origin, or of an earlier profile, stay as they are.
      if (hex(sealed.tableId) !== hex(table.id)) continue;
      rows.push(...((await this.#reader.open(value)) ?? []));
      packed.push({ key, bytes: key.length + value.length });
    }
    const inPlan = plan.takeBlocks(deviceId, hour);
    for (const value of inPlan) rows.push(...((await this.#reader.open(value)) ?? []));
    if (packed.length + inPlan.length === 0) return;
    for (const { key, bytes } of packed) plan.removeBlock(key, bytes);
    const snapshots = joinRows(rows).map((row) => toSnapshot(deviceId, row));
    this.#putBlocks(sealHours(snapshots, stream), stream, plan);
  }

  /** After a start: the hour in which the last run ended, if it is not long ago. */
  async #newestHour(deviceId: string): Promise<number | undefined> {
    let newest: number | undefined;
    const since = this.#options.clock.nowMs() - DAY_MS;
    for await (const { key } of this.#reader.between(since, Number.MAX_SAFE_INTEGER)) {
      const place = readPlace(key);
      if (place.deviceId === deviceId) newest = hourOf(place.fromMs + STAMP_MAX_MS);
    }
    return newest;
  }

  /** Removes the oldest days until the rest is within the limit. */
  async #evict(): Promise<void> {
    for (let round = 0; round < EVICTIONS_MAX; round++) {
      if (this.#state.bytes <= this.#options.limitBytes) return;
      const plan = new BlockPlan(this.#state);
      let endMs: number | undefined;
      let firstKey: Buffer | undefined;
      for await (const { key, value } of this.#store.between(timeKey(0), BLOCKS_END)) {
        const { fromMs } = readPlace(key);
        firstKey ??= key;
        endMs ??= (Math.floor(fromMs / DAY_MS) + 1) * DAY_MS;
        if (fromMs >= endMs) break;
        plan.removeBlock(key, key.length + (value?.length ?? 0));
      }
      if (firstKey === undefined || endMs === undefined) return;
      await this.#write(plan);
      await this.#store.compact(firstKey, timeKey(endMs));
    }
  }

  async #write(plan: BlockPlan): Promise<void> {
    const changes = plan.changes();
    await this.#store.write(changes);
    this.#state = plan.state;
    this.#figures.commits++;
    for (const { key, value } of changes) {
      if (isTableKey(key)) this.#storedTables.add(hex(key));
      this.#figures.writtenBytes += key.length + (value?.length ?? 0);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
