/** Takes refused rows out of decoded columns, in place; the others keep their times and cells. */
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { Columns } from "#core/batch/columns.js";

/**
 * @param refused 1 where a row goes
 * @returns rows that stay; 0: the columns mean nothing any more
 */
export function keepRows(columns: Columns, table: ChannelTable, refused: Uint8Array): number {
  const { rows } = columns;
  keepCells(columns, table, refused);
  let kept = 0;
  let slot = columns.slot - 1;
  let keptSlot = 0;
  for (let row = 0; row < rows; row++) {
    slot += 1 + (columns.gap[row] as number);
    if (refused[row] === 1) continue;
    columns.gap[kept] = kept === 0 ? 0 : slot - keptSlot - 1;
    columns.off[kept] = columns.off[row] as number;
    if (kept === 0) columns.slot = slot;
    keptSlot = slot;
    kept++;
  }
  columns.rows = kept;
  return kept;
}

function keepCells(columns: Columns, table: ChannelTable, refused: Uint8Array): void {
  const { rows, counts, present, lanes } = columns;
  for (let c = 0; c < table.channels.length; c++) {
    if (counts[c] === 0) continue;
    const cells = present[c] as Uint8Array;
    if (counts[c] === rows) cells.fill(1, 0, rows);
    counts[c] = compact(cells, refused, rows).reduce((sum, one) => sum + one, 0);
    const end = table.laneStarts[c + 1] ?? 0;
    for (let lane = table.laneStarts[c] ?? 0; lane < end; lane++) {
      compact(lanes[lane] as Int32Array, refused, rows);
    }
  }
}

/** Moves what stays to the beginning. Returns that part. */
function compact<T extends Int32Array | Uint8Array>(
  cells: T,
  refused: Uint8Array,
  rows: number,
): T {
  let kept = 0;
  for (let row = 0; row < rows; row++) {
    if (refused[row] !== 1) cells[kept++] = cells[row] as number;
  }
  return cells.subarray(0, kept) as T;
}
