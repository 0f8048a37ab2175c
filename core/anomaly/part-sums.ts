/** Sums of one part as solving wants them: full matrices, with the machine's weight and offset. */
import { DAYS, layoutOf, PER_DAY, PER_DAY2, ROWS, SUMS, unpack } from "./statistics.js";

/** One installation's sums of one part, unpacked. */
export interface PartSums {
  readonly rows: number;
  readonly days: number;
  readonly perDay: number;
  readonly perDay2: number;
  /** Σ w w', Σ v v', Σ v v'/n over features and target. */
  readonly byRow: Float64Array;
  readonly byDay: Float64Array;
  readonly byDayCount: Float64Array;
  weight: number;
  offset: number;
}

/** Unpacks them; the weight is whole and the offset not known. */
export function openSums(packed: Float64Array): PartSums {
  const size = sizeOf(packed.length);
  const layout = layoutOf(size);
  return {
    rows: packed[ROWS] ?? 0,
    days: packed[DAYS] ?? 0,
    perDay: packed[PER_DAY] ?? 0,
    perDay2: packed[PER_DAY2] ?? 0,
    byRow: unpack(packed, layout.rows, layout.width),
    byDay: unpack(packed, layout.days, layout.width),
    byDayCount: unpack(packed, layout.days + layout.packed, layout.width),
    weight: 1,
    offset: 0,
  };
}

function sizeOf(length: number): number {
  const packed = (length - SUMS) / 3;
  return Math.round((Math.sqrt(8 * packed + 1) - 1) / 2) - 1;
}

/** Sum over machines, each with its weight. */
export function weighted(machines: readonly PartSums[], of: (machine: PartSums) => number): number {
  return machines.reduce((sum, machine) => sum + machine.weight * of(machine), 0);
}

/** How far a machine's targets lie above the relation, on average. */
export function offsetOf({ byRow, rows }: PartSums, beta: Float64Array): number {
  const size = beta.length;
  let expected = 0;
  for (let i = 0; i < size; i++) expected += (byRow[i] ?? 0) * (beta[i] ?? 0);
  return ((byRow[size] ?? 0) - expected) / rows;
}
