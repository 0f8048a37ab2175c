/**
 * What rows teach about this machine, part by part: they are added to today's sums of the local
 * fits, in a place of the ring of days.
 *
 * Nobody asks for these sums before the day ends, so rows wait until some have come together: then
 * a part's sums are taken up once for all of them instead of once a row. Each sum takes its rows
 * in one by one, in the order in which they came, so it is what it would have been at once.
 * Written out as in `expectation.ts`, in the order of the plain loops in `noteAny`.
 */
import type { GroupSet, ScoreBlock } from "./score-block.js";

/** Adds the first `count` waiting rows to today's sums of those parts that may learn from them. */
export function noteGroups({ three, two }: GroupSet, count: number, flat: ScoreBlock): void {
  noteFour(three, count, flat);
  noteThree(two, count, flat);
}

/** Three context values: four local features. */
function noteFour(groups: Uint16Array, count: number, { numbers: n, places: p }: ScoreBlock): void {
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const context = p[group] ?? 0;
    const end = group + 9 + (p[group + 8] ?? 0);
    for (let next = group + 9; next < end; next++) {
      const at = p[next] ?? 0;
      const rests = p[at + 12] ?? 0;
      const weight = n[(p[at] ?? 0) + 3] ?? 0;
      const w = p[at + 3] ?? 0;
      let s0 = n[w] ?? 0;
      let s4 = n[w + 4] ?? 0;
      let s5 = n[w + 5] ?? 0;
      let s8 = n[w + 8] ?? 0;
      let s9 = n[w + 9] ?? 0;
      let s10 = n[w + 10] ?? 0;
      let s12 = n[w + 12] ?? 0;
      let s13 = n[w + 13] ?? 0;
      let s14 = n[w + 14] ?? 0;
      let s15 = n[w + 15] ?? 0;
      let s16 = n[w + 16] ?? 0;
      let s17 = n[w + 17] ?? 0;
      let s18 = n[w + 18] ?? 0;
      let s19 = n[w + 19] ?? 0;
      for (let row = 0; row < count; row++) {
        const rest = n[rests + row] ?? 0;
        if (Number.isNaN(rest)) continue;
        const x = n[context + row] ?? 0;
        const y = n[context + row + 32] ?? 0;
        const z = n[context + row + 64] ?? 0;
        const byX = x * weight;
        const byY = y * weight;
        const byZ = z * weight;
        s0 += weight;
        s4 += byX;
        s5 += byX * x;
        s8 += byY;
        s9 += byY * x;
        s10 += byY * y;
        s12 += byZ;
        s13 += byZ * x;
        s14 += byZ * y;
        s15 += byZ * z;
        s16 += weight * rest;
        s17 += byX * rest;
        s18 += byY * rest;
        s19 += byZ * rest;
      }
      n[w] = s0;
      n[w + 4] = s4;
      n[w + 5] = s5;
      n[w + 8] = s8;
      n[w + 9] = s9;
      n[w + 10] = s10;
      n[w + 12] = s12;
      n[w + 13] = s13;
      n[w + 14] = s14;
      n[w + 15] = s15;
      n[w + 16] = s16;
      n[w + 17] = s17;
      n[w + 18] = s18;
      n[w + 19] = s19;
    }
  }
}

/** Two context values: three local features. */
function noteThree(
  groups: Uint16Array,
  count: number,
  { numbers: n, places: p }: ScoreBlock,
): void {
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const context = p[group] ?? 0;
    const end = group + 9 + (p[group + 8] ?? 0);
    for (let next = group + 9; next < end; next++) {
      const at = p[next] ?? 0;
      const rests = p[at + 12] ?? 0;
      const weight = n[(p[at] ?? 0) + 3] ?? 0;
      const w = p[at + 3] ?? 0;
      let s0 = n[w] ?? 0;
      let s3 = n[w + 3] ?? 0;
      let s4 = n[w + 4] ?? 0;
      let s6 = n[w + 6] ?? 0;
      let s7 = n[w + 7] ?? 0;
      let s8 = n[w + 8] ?? 0;
      let s9 = n[w + 9] ?? 0;
      let s10 = n[w + 10] ?? 0;
      let s11 = n[w + 11] ?? 0;
      for (let row = 0; row < count; row++) {
        const rest = n[rests + row] ?? 0;
        if (Number.isNaN(rest)) continue;
        const x = n[context + row] ?? 0;
        const y = n[context + row + 32] ?? 0;
        const byX = x * weight;
        const byY = y * weight;
        s0 += weight;
        s3 += byX;
        s4 += byX * x;
        s6 += byY;
        s7 += byY * x;
        s8 += byY * y;
        s9 += weight * rest;
        s10 += byX * rest;
        s11 += byY * rest;
      }
      n[w] = s0;
      n[w + 3] = s3;
      n[w + 4] = s4;
      n[w + 6] = s6;
      n[w + 7] = s7;
      n[w + 8] = s8;
      n[w + 9] = s9;
      n[w + 10] = s10;
      n[w + 11] = s11;
    }
  }
}

/** Adds the row at hand for parts of any other shape: their rows do not wait. */
export function noteOthers(
  { others }: GroupSet,
  turn: number,
  { numbers: n, places: p }: ScoreBlock,
): void {
  for (let index = 0; index < others.length; index++) {
    const group = others[index]?.at;
    if (group !== undefined) noteAny(group, turn, n, p);
  }
}

function noteAny(group: number, turn: number, n: Float64Array, p: Uint16Array): void {
  const phi = p[group] ?? 0;
  const local = p[group + 7] ?? 0;
  const end = group + 9 + (p[group + 8] ?? 0);
  for (let one = group + 9; one < end; one++) {
    const at = p[one] ?? 0;
    const rest = n[(p[at + 12] ?? 0) + turn] ?? 0;
    if (Number.isNaN(rest)) continue;
    const start = p[at + 3] ?? 0;
    const weight = n[(p[at] ?? 0) + 3] ?? 0;
    for (let i = 0; i < local; i++) {
      const left = (n[phi + i] ?? 0) * weight;
      for (let j = 0; j <= i; j++) {
        const w = start + i * local + j;
        n[w] = (n[w] ?? 0) + left * (n[phi + j] ?? 0);
      }
      const w = start + local * local + i;
      n[w] = (n[w] ?? 0) + left * rest;
    }
  }
}
