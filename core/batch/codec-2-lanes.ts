/**
 * The lanes of one block as codec 2 walks them: in the layout's order, whole rows at a time.
 */
import type { ChannelTable } from "./channel-table.js";
import type { Model } from "./codec-2-model.js";
import type { Columns } from "./columns.js";
import type { Layout } from "./layout.js";

/** Gives the model that a block of this layout begins from; coding the block changes it. */
export type StartModel = (layout: Layout) => Model;

/** Per lane of the layout. */
export interface LanePlan {
  readonly cells: readonly Int32Array[];
  /** 1 at the first lane of a partial column. */
  readonly isPartial: Uint8Array;
  /** Which rows have a cell; asked only where `isPartial`. */
  readonly present: readonly Uint8Array[];
  /** Further lanes of the same column. */
  readonly more: readonly number[];
}

/** To be taken anew whenever the columns may have grown. */
export function planLanes(layout: Layout, table: ChannelTable, columns: Columns): LanePlan {
  const cells: Int32Array[] = [];
  const present: Uint8Array[] = [];
  const isPartial = new Uint8Array(layout.lanes);
  const more: number[] = [];
  for (let position = 0; position < layout.channels.length; position++) {
    const c = layout.channels[position] as number;
    const end = table.laneStarts[c + 1] as number;
    const first = table.laneStarts[c] as number;
    if (layout.isPartial[position] === true) isPartial[cells.length] = 1;
    for (let l = first; l < end; l++) {
      cells.push(columns.lanes[l] as Int32Array);
      present.push(columns.present[c] as Uint8Array);
      more.push(end - 1 - l);
    }
  }
  return { cells, isPartial, present, more };
}
