/**
 * When each installation was heard of last and on which days, side by side in memory.
 *
 * The question behind it is asked of one installation among all, each time another one. What it costs
 * then is memory that no cache holds: an object with its numbers and its days lies in six places, a
 * row here in one.
 */
import type { DayBitmap } from "./day-bitmap.js";

/** What is asked about one installation's receipts. */
export interface Receipts {
  /** By the backend's clock; 0: never. */
  readonly lastReceivedAtMs: number;
  readonly received: DayBitmap;
}

/** Columns of a row; four numbers of eight bytes never lie in more than two cache lines. */
const TIME = 0;
const DAY = 1;
const LOW = 2;
const HIGH = 3;
const COLUMNS = 4;

const ROWS_AT_FIRST = 64;

/** Receipts by installation. */
export interface ReceiptRows {
  find(installationId: string): Receipts | undefined;
  set(installationId: string, receipts: Receipts): void;
  forget(installationId: string): void;
}

export function createReceiptRows(): ReceiptRows {
  const rowOf = new Map<string, number>();
  const free: number[] = [];
  let cells = new Float64Array(ROWS_AT_FIRST * COLUMNS);

  const takeRow = (installationId: string): number => {
    const row = free.pop() ?? rowOf.size;
    rowOf.set(installationId, row);
    if ((row + 1) * COLUMNS > cells.length) {
      const larger = new Float64Array(cells.length * 2);
      larger.set(cells);
      cells = larger;
    }
    return row;
  };
  return {
    find(installationId) {
      const row = rowOf.get(installationId);
      if (row === undefined) return undefined;
      const at = row * COLUMNS;
      return {
        lastReceivedAtMs: cells[at + TIME] as number,
        received: {
          lastDay: cells[at + DAY] as number,
          low: cells[at + LOW] as number,
          high: cells[at + HIGH] as number,
        },
      };
    },
    set(installationId, { lastReceivedAtMs, received }) {
      const at = (rowOf.get(installationId) ?? takeRow(installationId)) * COLUMNS;
      cells[at + TIME] = lastReceivedAtMs;
      cells[at + DAY] = received.lastDay;
      cells[at + LOW] = received.low;
      cells[at + HIGH] = received.high;
    },
    forget(installationId) {
      const row = rowOf.get(installationId);
      if (row === undefined) return;
      rowOf.delete(installationId);
      free.push(row);
    },
  };
}
