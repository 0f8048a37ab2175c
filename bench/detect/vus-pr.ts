/**
 * VUS-PR: the volume under the surface of precision and recall over thresholds and over widths of
 * a soft border around each event. Needs no threshold of the detector's own.
 *
 * Source: Paparrizos et al., Volume Under the Surface, PVLDB 15(11), 2022.
 */

/** Thresholds at equal ranks. */
const THRESHOLDS = 250;

/** Mean over widths 0…`widthMax` of the area under precision and recall. */
export function vusPr(
  scores: ArrayLike<number>,
  isEvent: ArrayLike<number>,
  widthMax: number,
): number {
  const order = ranksOf(scores);
  let volume = 0;
  for (let width = 0; width <= widthMax; width++)
    volume += areaAt(scores, isEvent, softLabels(isEvent, width), order);
  return volume / (widthMax + 1);
}

/** Rows from the highest score to the lowest. */
function ranksOf(scores: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index);
  return order.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
}

/** 1 inside events, falling to sqrt(1/2) at half a width away, 0 beyond. */
function softLabels(isEvent: ArrayLike<number>, width: number): Float64Array {
  const soft = new Float64Array(isEvent.length);
  const half = width / 2;
  for (let index = 0; index < isEvent.length; index++) {
    if (isEvent[index] !== 1) continue;
    soft[index] = 1;
    for (let d = 1; d <= half; d++) {
      const value = Math.sqrt(1 - d / width);
      for (const place of [index - d, index + d])
        if (place >= 0 && place < soft.length) soft[place] = Math.max(soft[place] ?? 0, value);
    }
  }
  return soft;
}

/** Highest score inside each widened event; events that touch are one. */
function peaksOf(scores: ArrayLike<number>, soft: Float64Array): number[] {
  const peaks: number[] = [];
  for (let index = 0; index < soft.length; index++) {
    if ((soft[index] ?? 0) === 0) continue;
    if (index === 0 || (soft[index - 1] ?? 0) === 0) peaks.push(Number.NEGATIVE_INFINITY);
    peaks.push(Math.max(peaks.pop() ?? 0, scores[index] ?? 0));
  }
  return peaks;
}

function areaAt(
  scores: ArrayLike<number>,
  isEvent: ArrayLike<number>,
  soft: Float64Array,
  order: Uint32Array,
): number {
  const count = order.length;
  const peaks = peaksOf(scores, soft);
  let positives = 0;
  for (let index = 0; index < count; index++) positives += isEvent[index] === 1 ? 1 : 0;
  if (positives === 0) return 0;
  let hit = 0;
  let border = 0;
  let taken = 0;
  let area = 0;
  let recallBefore = 0;
  for (let step = 0; step < THRESHOLDS; step++) {
    const last = order[Math.floor((step * (count - 1)) / (THRESHOLDS - 1))] ?? 0;
    const threshold = scores[last] ?? 0;
    while (taken < count && (scores[order[taken] ?? 0] ?? 0) >= threshold) {
      const row = order[taken++] ?? 0;
      hit += soft[row] ?? 0;
      if (isEvent[row] !== 1) border += soft[row] ?? 0;
    }
    const found = peaks.filter((peak) => peak >= threshold).length / peaks.length;
    const recall = Math.min(1, hit / ((2 * positives + border) / 2)) * found;
    if (recall > recallBefore) area += (recall - recallBefore) * (hit / taken);
    recallBefore = Math.max(recallBefore, recall);
  }
  return area;
}
