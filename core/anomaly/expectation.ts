/**
 * What a row was to be expected to show, part by part: the family's relation, this machine's
 * deviation from it, and how uncertain that deviation is.
 *
 * The two shapes that nearly all parts have are written out: every feature in a variable of its
 * own, no inner loops. Here scoring spends its time. The order of every sum is that of the plain
 * loops in `expectAny`, so the results are theirs to the last bit. What is found is written before
 * the next sum is begun: otherwise all its numbers would be read first and kept aside. Places in
 * the block are numbers here; `score-block.ts` says what stands where.
 */
import { dot } from "./linear-algebra.js";
import type { GroupSet, ScoreBlock } from "./score-block.js";

/** Writes family's relation, expectation and uncertainty of every part for the row at hand. */
export function expectGroups(
  { three, two, others }: GroupSet,
  turn: number,
  flat: ScoreBlock,
): void {
  expectThree(three, turn, flat);
  expectTwo(two, turn, flat);
  for (let index = 0; index < others.length; index++) {
    const group = others[index];
    if (group !== undefined) expectAny(group.at, flat);
  }
}

/** Three context values: ten features, the first four of them local. */
function expectThree(
  groups: Uint16Array,
  turn: number,
  { numbers: n, places: p }: ScoreBlock,
): void {
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const context = (p[group] ?? 0) + turn;
    const x = n[context] ?? 0;
    const y = n[context + 32] ?? 0;
    const z = n[context + 64] ?? 0;
    const xx = x * x;
    const xy = x * y;
    const xz = x * z;
    const yy = y * y;
    const yz = y * z;
    const zz = z * z;
    const end = group + 9 + (p[group + 8] ?? 0);
    for (let next = group + 9; next < end; next++) {
      const at = p[next] ?? 0;
      const fact = p[at] ?? 0;
      const b = p[at + 1] ?? 0;
      const s0 = (n[b] ?? 0) + (n[b + 4] ?? 0) * xx + (n[b + 8] ?? 0) * yz;
      const q = (n[b + 1] ?? 0) * x + (n[b + 5] ?? 0) * xy;
      const r = (n[b + 2] ?? 0) * y + (n[b + 6] ?? 0) * xz;
      const s = (n[b + 3] ?? 0) * z + (n[b + 7] ?? 0) * yy;
      const family = s0 + (n[b + 9] ?? 0) * zz + q + (r + s);
      n[fact + 9] = family;
      const d = p[at + 2] ?? 0;
      const own = (n[d] ?? 0) + (n[d + 1] ?? 0) * x + (n[d + 2] ?? 0) * y + (n[d + 3] ?? 0) * z;
      n[fact + 10] = family + own;
      const c = d + 4;
      const v0 = (n[c] ?? 0) + (n[c + 1] ?? 0) * x + (n[c + 2] ?? 0) * y + (n[c + 3] ?? 0) * z;
      const v1 = (n[c + 4] ?? 0) + (n[c + 5] ?? 0) * x + (n[c + 6] ?? 0) * y + (n[c + 7] ?? 0) * z;
      const v2 =
        (n[c + 8] ?? 0) + (n[c + 9] ?? 0) * x + (n[c + 10] ?? 0) * y + (n[c + 11] ?? 0) * z;
      const v3 =
        (n[c + 12] ?? 0) + (n[c + 13] ?? 0) * x + (n[c + 14] ?? 0) * y + (n[c + 15] ?? 0) * z;
      n[fact + 11] = v0 + v1 * x + v2 * y + v3 * z;
    }
  }
}

/** Two context values: six features, the first three of them local. */
function expectTwo(groups: Uint16Array, turn: number, { numbers: n, places: p }: ScoreBlock): void {
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const context = (p[group] ?? 0) + turn;
    const x = n[context] ?? 0;
    const y = n[context + 32] ?? 0;
    const xx = x * x;
    const xy = x * y;
    const yy = y * y;
    const end = group + 9 + (p[group + 8] ?? 0);
    for (let next = group + 9; next < end; next++) {
      const at = p[next] ?? 0;
      const fact = p[at] ?? 0;
      const b = p[at + 1] ?? 0;
      const s0 = (n[b] ?? 0) + (n[b + 4] ?? 0) * xy + (n[b + 5] ?? 0) * yy;
      const q = (n[b + 2] ?? 0) * y + (n[b + 3] ?? 0) * xx;
      const family = s0 + (n[b + 1] ?? 0) * x + q;
      n[fact + 9] = family;
      const d = p[at + 2] ?? 0;
      n[fact + 10] = family + ((n[d] ?? 0) + (n[d + 1] ?? 0) * x + (n[d + 2] ?? 0) * y);
      const v0 = (n[d + 3] ?? 0) + (n[d + 4] ?? 0) * x + (n[d + 5] ?? 0) * y;
      const v1 = (n[d + 6] ?? 0) + (n[d + 7] ?? 0) * x + (n[d + 8] ?? 0) * y;
      const v2 = (n[d + 9] ?? 0) + (n[d + 10] ?? 0) * x + (n[d + 11] ?? 0) * y;
      n[fact + 11] = v0 + v1 * x + v2 * y;
    }
  }
}

/** Any number of features. */
function expectAny(group: number, { numbers: n, places: p }: ScoreBlock): void {
  const phi = p[group] ?? 0;
  const size = p[group + 6] ?? 0;
  const local = p[group + 7] ?? 0;
  const end = group + 9 + (p[group + 8] ?? 0);
  for (let one = group + 9; one < end; one++) {
    const at = p[one] ?? 0;
    const fact = p[at] ?? 0;
    const deviation = p[at + 2] ?? 0;
    let own = 0;
    let variance = 0;
    let next = deviation + local;
    for (let i = 0; i < local; i++) {
      const left = n[phi + i] ?? 0;
      let sum = 0;
      for (let j = 0; j < local; j++) sum += (n[next++] ?? 0) * (n[phi + j] ?? 0);
      own += (n[deviation + i] ?? 0) * left;
      variance += sum * left;
    }
    const family = dot(n, p[at + 1] ?? 0, n, phi, size);
    n[fact + 9] = family;
    n[fact + 10] = family + own;
    n[fact + 11] = variance;
  }
}
