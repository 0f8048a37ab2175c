/**
 * The context of the row at hand, group by group, into the block, beside those of the rows that
 * wait to be learnt from. Written out for the two shapes that nearly all parts have; of the others
 * the features of this row alone.
 */
import { fillFeatures } from "./features.js";
import type { GroupSet, RowInHand, ScoreBlock } from "./score-block.js";

/** Writes the features of all groups; `false` when a context value of any of them is absent. */
export function fillGroups(
  { three, two, others }: GroupSet,
  row: RowInHand,
  flat: ScoreBlock,
): boolean {
  if (!fillThree(three, row, flat) || !fillTwo(two, row, flat)) return false;
  for (let index = 0; index < others.length; index++) {
    const group = others[index];
    if (group === undefined) continue;
    if (!fillFeatures(group.features, row.values, row.at, group.phi)) return false;
  }
  return true;
}

function fillThree(
  groups: Uint16Array,
  { values, at, waiting }: RowInHand,
  { numbers: n, places: p }: ScoreBlock,
): boolean {
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const scales = p[group + 1] ?? 0;
    const u = ((values[at + (p[group + 3] ?? 0)] ?? 0) - (n[scales] ?? 0)) * (n[scales + 1] ?? 0);
    const v =
      ((values[at + (p[group + 4] ?? 0)] ?? 0) - (n[scales + 2] ?? 0)) * (n[scales + 3] ?? 0);
    const w =
      ((values[at + (p[group + 5] ?? 0)] ?? 0) - (n[scales + 4] ?? 0)) * (n[scales + 5] ?? 0);
    if (Number.isNaN(u) || Number.isNaN(v) || Number.isNaN(w)) return false;
    const x = u > 4 ? 4 : Math.max(u, -4);
    const y = v > 4 ? 4 : Math.max(v, -4);
    const z = w > 4 ? 4 : Math.max(w, -4);
    const context = (p[group] ?? 0) + waiting;
    n[context] = x;
    n[context + 32] = y;
    n[context + 64] = z;
  }
  return true;
}

function fillTwo(
  groups: Uint16Array,
  { values, at, waiting }: RowInHand,
  { numbers: n, places: p }: ScoreBlock,
): boolean {
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const scales = p[group + 1] ?? 0;
    const u = ((values[at + (p[group + 3] ?? 0)] ?? 0) - (n[scales] ?? 0)) * (n[scales + 1] ?? 0);
    const v =
      ((values[at + (p[group + 4] ?? 0)] ?? 0) - (n[scales + 2] ?? 0)) * (n[scales + 3] ?? 0);
    if (Number.isNaN(u) || Number.isNaN(v)) return false;
    const x = u > 4 ? 4 : Math.max(u, -4);
    const y = v > 4 ? 4 : Math.max(v, -4);
    const context = (p[group] ?? 0) + waiting;
    n[context] = x;
    n[context + 32] = y;
  }
  return true;
}
