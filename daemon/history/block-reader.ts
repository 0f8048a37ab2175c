/**
 * Reads the blocks of a store: which lie in a range of time, and what rows are in them. What cannot
 * be read is counted and passed over; the rest is worth having.
 */
import { setImmediate as breathe } from "node:timers/promises";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { decodeChannelTable, decodeSealedBatch } from "#core/batch/records.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { HeatpoolError } from "#core/errors.js";
import {
  type BlockStore,
  isBlockKey,
  isTableKey,
  readPlace,
  type StoredRecord,
  tableKey,
  timeKey,
} from "./block-store.js";
import { HOUR_MS, openRows, STAMP_MAX_MS } from "./blocks.js";
import type { HistoryRow } from "./history.js";
import { joinRows } from "./history-rows.js";

/** Blocks between two breaths: about 10 ms on a Pi. */
const BLOCKS_PER_BREATH = 8;

/** A block and what is in it. */
export interface ReadBlock {
  readonly fromMs: number;
  readonly rows: readonly HistoryRow[];
}

export class BlockReader {
  readonly #store: BlockStore;
  readonly #tables = new Map<string, ChannelTable>();
  /** Blocks that could not be read, each time that they were not. */
  damaged = 0;

  constructor(store: BlockStore) {
    this.#store = store;
  }

  /** A table whose blocks may be met before it is on disk. */
  know(table: ChannelTable): void {
    this.#tables.set(hex(table.id), table);
  }

  between(fromMs: number, toMs: number): AsyncIterable<StoredRecord> {
    return this.#store.between(timeKey(fromMs), timeKey(toMs));
  }

  /** Rows of a device's blocks; what cannot be read is counted and passed over. */
  async *read(
    records: AsyncIterable<StoredRecord>,
    deviceId: string,
    wanted?: ReadonlySet<string>,
  ): AsyncGenerator<ReadBlock> {
    let opened = 0;
    for await (const { key, value } of records) {
      const place = readPlace(key);
      if (place.deviceId !== deviceId) continue;
      if (++opened % BLOCKS_PER_BREATH === 0) await breathe();
      const rows = value === undefined ? undefined : await this.open(value, wanted);
      if (rows === undefined) this.damaged++;
      else yield { fromMs: place.fromMs, rows };
    }
  }

  /** Undefined: it cannot be read. */
  async open(
    bytes: Buffer,
    wanted?: ReadonlySet<string>,
  ): Promise<readonly HistoryRow[] | undefined> {
    try {
      const sealed = decodeSealedBatch(bytes);
      const table = await this.#tableOf(sealed);
      return table === undefined ? undefined : openRows(sealed, table, wanted);
    } catch (fault) {
      if (fault instanceof HeatpoolError) return undefined;
      throw fault;
    }
  }

  /** Cells that no block has yet at their instant. */
  async newCells(deviceId: string, rows: readonly HistoryRow[]): Promise<readonly HistoryRow[]> {
    const first = rows[0]?.atMs ?? 0;
    const records = this.between(first - HOUR_MS - STAMP_MAX_MS, (rows.at(-1)?.atMs ?? 0) + 1);
    const known = new Map<number, Set<string>>();
    for await (const block of this.read(records, deviceId)) {
      for (const { atMs, values } of block.rows) {
        const metrics = known.get(atMs) ?? new Set();
        for (const metric of values.keys()) metrics.add(metric);
        known.set(atMs, metrics);
      }
    }
    return joinRows(rows).flatMap(({ atMs, values }) => {
      const there = known.get(Math.round(atMs));
      const left = new Map([...values].filter(([metric]) => there?.has(metric) !== true));
      return left.size === 0 ? [] : [{ atMs, values: left }];
    });
  }

  async #tableOf({ tableId }: SealedBatch): Promise<ChannelTable | undefined> {
    const name = hex(tableId);
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const bytes = await this.#store.get(tableKey(tableId));
    if (bytes === undefined) return undefined;
    const table = decodeChannelTable(bytes);
    this.#tables.set(name, table);
    return table;
  }
}

/** That a record is one of a history. @throws HeatpoolError `STORE_DAMAGED` */
export function demandRecord(key: Buffer, value: Buffer): void {
  try {
    if (isTableKey(key)) {
      const { id } = decodeChannelTable(value);
      if (tableKey(id).equals(key)) return;
    } else if (isBlockKey(key)) {
      decodeSealedBatch(value);
      return;
    }
  } catch (cause) {
    if (!(cause instanceof HeatpoolError)) throw cause;
  }
  throw new HeatpoolError("STORE_DAMAGED", "a record that is none of a history", {
    hint: "Use another backup.",
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
