/**
 * What a row teaches about this machine, part by part: it is added to today's sums of the local
 * fits, in a place of the ring of days. Written out as in `expectation.ts`, in the order of the
 * plain loops in `noteAny`.
 */
import type { GroupSet, ScoreBlock } from "./score-block.js";

/** Adds the row to today's sums of those parts that may learn from it. */
export function noteGroups({ three, two, others }: GroupSet, flat: ScoreBlock): void {
  noteFour(three, flat);
  noteThree(two, flat);
  for (let index = 0; index < others.length; index++) {
    const group = others[index];
    if (group !== undefined) noteAny(group.at, flat);
  }
}

function noteFour(groups: Uint16Array, { numbers: n, places: p }: ScoreBlock): void {
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const phi = p[group] ?? 0;
    const x = n[phi + 1] ?? 0;
    const y = n[phi + 2] ?? 0;
    const z = n[phi + 3] ?? 0;
    const end = group + 9 + (p[group + 8] ?? 0);
    for (let next = group + 9; next < end; next++) {
      const at = p[next] ?? 0;
      const fact = p[at] ?? 0;
      const rest = n[fact + 13] ?? 0;
      if (Number.isNaN(rest)) continue;
      const w = p[at + 3] ?? 0;
      const weight = n[fact + 3] ?? 0;
      const byX = x * weight;
      const byY = y * weight;
      const byZ = z * weight;
      n[w] = (n[w] ?? 0) + weight;
      n[w + 4] = (n[w + 4] ?? 0) + byX;
      n[w + 5] = (n[w + 5] ?? 0) + byX * x;
      n[w + 8] = (n[w + 8] ?? 0) + byY;
      n[w + 9] = (n[w + 9] ?? 0) + byY * x;
      n[w + 10] = (n[w + 10] ?? 0) + byY * y;
      n[w + 12] = (n[w + 12] ?? 0) + byZ;
      n[w + 13] = (n[w + 13] ?? 0) + byZ * x;
      n[w + 14] = (n[w + 14] ?? 0) + byZ * y;
      n[w + 15] = (n[w + 15] ?? 0) + byZ * z;
      n[w + 16] = (n[w + 16] ?? 0) + weight * rest;
      n[w + 17] = (n[w + 17] ?? 0) + byX * rest;
      n[w + 18] = (n[w + 18] ?? 0) + byY * rest;
      n[w + 19] = (n[w + 19] ?? 0) + byZ * rest;
    }
  }
}

function noteThree(groups: Uint16Array, { numbers: n, places: p }: ScoreBlock): void {
  for (let which = 0; which < groups.length; which++) {
    const group = groups[which] ?? 0;
    const phi = p[group] ?? 0;
    const x = n[phi + 1] ?? 0;
    const y = n[phi + 2] ?? 0;
    const end = group + 9 + (p[group + 8] ?? 0);
    for (let next = group + 9; next < end; next++) {
      const at = p[next] ?? 0;
      const fact = p[at] ?? 0;
      const rest = n[fact + 13] ?? 0;
      if (Number.isNaN(rest)) continue;
      const w = p[at + 3] ?? 0;
      const weight = n[fact + 3] ?? 0;
      const byX = x * weight;
      const byY = y * weight;
      n[w] = (n[w] ?? 0) + weight;
      n[w + 3] = (n[w + 3] ?? 0) + byX;
      n[w + 4] = (n[w + 4] ?? 0) + byX * x;
      n[w + 6] = (n[w + 6] ?? 0) + byY;
      n[w + 7] = (n[w + 7] ?? 0) + byY * x;
      n[w + 8] = (n[w + 8] ?? 0) + byY * y;
      n[w + 9] = (n[w + 9] ?? 0) + weight * rest;
      n[w + 10] = (n[w + 10] ?? 0) + byX * rest;
      n[w + 11] = (n[w + 11] ?? 0) + byY * rest;
    }
  }
}

function noteAny(group: number, { numbers: n, places: p }: ScoreBlock): void {
  const phi = p[group] ?? 0;
  const local = p[group + 7] ?? 0;
  const end = group + 9 + (p[group + 8] ?? 0);
  for (let one = group + 9; one < end; one++) {
    const at = p[one] ?? 0;
    const fact = p[at] ?? 0;
    const rest = n[fact + 13] ?? 0;
    if (Number.isNaN(rest)) continue;
    const start = p[at + 3] ?? 0;
    const weight = n[fact + 3] ?? 0;
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
